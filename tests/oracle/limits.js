// The numbers named PH_… of include/pharos/limits.h.
'use strict';

const fs = require('fs');
const path = require('path');

const file = process.env.PHAROS_LIMITS || path.join(__dirname, '../../include/pharos/limits.h');
const text = fs.readFileSync(file, 'utf8')
    .replace(/\\\n/g, ' ').replace(/\/\*[^]*?\*\//g, '');
const limits = {};
for (const [, name, value] of text.matchAll(/^#define (PH_\w+) +(\S.*)$/gm)) {
    const plain = value.replace(/U?INT64_C\((\d+)\)/g, '$1').replace(/<</g, '* 2 **')
        .replace(/PH_\w+/g, (other) => limits[other]);
    limits[name] = Number(new Function(`return ${plain}`)());
}

module.exports = limits;
