#include "tools/bench_text.h"

#include <stdio.h>
#include <string.h>

#define TYPOS_PERCENT 11
#define NAMES_PERCENT 45
#define FIGURES_PERCENT 36

/* --- chance --- */

uint64_t ph_chance_next(struct ph_chance *chance)
{
    uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint32_t ph_chance_below(struct ph_chance *chance, uint32_t limit)
{
    return (uint32_t)((ph_chance_next(chance) >> 32) * limit >> 32);
}

struct ph_chance ph_chance_of(uint64_t seed, uint64_t number)
{
    struct ph_chance outer = {seed};
    struct ph_chance inner = {ph_chance_next(&outer) ^ number};
    return (struct ph_chance){ph_chance_next(&inner)};
}

/* --- words, a space between them --- */

static const char nouns[] =
    "pupil teacher parent lesson class classroom school subject reading writing spelling grammar "
    "vocabulary text story poem essay paragraph sentence question answer hand voice silence noise "
    "pair group circle row corner window door board screen table shelf book notebook folder page "
    "margin pencil marker poster chart map clock timer bell calendar timetable period term week "
    "month morning afternoon break lunch corridor playground garden hall library laboratory office "
    "gate bus road street village town district ministry inspector visitor guest host colleague "
    "mentor coach leader head deputy secretary librarian nurse guard technician volunteer graduate "
    "beginner reader writer speaker listener partner sibling mother father grandparent neighbour "
    "committee council network cluster project plan draft priority target goal objective indicator "
    "baseline result score mark grade level test quiz exam sample survey interview record register "
    "report summary note minute agenda meeting workshop training session visit observation walk "
    "reflection comment suggestion idea doubt worry hope habit routine rule signal step stage phase "
    "task exercise problem puzzle riddle game drill debate dialogue role play drama song picture "
    "drawing photograph video recording experiment model diagram graph measurement fraction decimal "
    "equation angle triangle pattern number figure calculation estimate error mistake correction "
    "feedback praise reward warning conflict friendship trust respect patience courage effort pace "
    "attention memory motivation confidence curiosity attendance absence lateness behaviour homework "
    "budget receipt invoice laptop tablet projector cable printer paper chair carpet curtain fan "
    "tap bottle tree seed soil water energy weather heat rain light shadow magnet battery cell bone "
    "river desert coast harbour market museum theatre stadium clinic charter letter message address "
    "barrier gap strength weakness evidence reason cause effect change growth decline average range "
    "resource toolkit scaffold checklist rubric portfolio exhibition festival competition certificate";

static const char verbs[] =
    "ask answer read mark plan check discuss explain present record observe visit support help "
    "coach lead follow join start finish repeat review revise correct collect compare count measure "
    "sort group pair print display share send return offer accept reject suggest question challenge "
    "encourage remind warn reward greet welcome invite listen talk report compile translate "
    "summarise predict guess estimate solve test try attempt practise perform rehearse demonstrate "
    "model guide train advise consult interview survey assess evaluate rate rank select adapt adjust "
    "extend shorten simplify enrich postpone cancel move replace repair order label pack clean open "
    "close fill empty water plant paint draw sketch colour map chart link attach submit approve sign "
    "confirm document archive announce publish celebrate host attend miss skip delay rush slow "
    "strengthen weaken trust doubt notice ignore remember connect transfer apply master";

static const char adjectives[] =
    "quiet loud slow quick weak strong short long early late clear vague open closed shared common "
    "separate weekly monthly daily regular sudden careful careless honest shy proud tired curious "
    "anxious calm patient eager reluctant confident uncertain new old spare missing broken useful "
    "useless costly cheap simple complex difficult easy hard gentle firm flexible strict narrow wide "
    "deep shallow local national digital printed spoken written visual practical abstract concrete "
    "familiar strange typical rare frequent mixed equal unequal average modest remarkable steady "
    "uneven hidden visible public private formal informal junior senior female male bilingual";

static const char links[] =
    "because|although|while|when|after|before|since|unless|so that|even if|as soon as|whereas|until|"
    "and|but|so|yet|which means that|in case|provided that";

static const char prepositions[] =
    "in|with|for|about|during|from|at|near|without|before|after|between|under|against|across|"
    "instead of|because of|together with|in front of|outside|towards|beside";

static const char determiners[] = "the|a|every|each|our|their|his|her|some|most|no|this|that|"
                                  "another|the same|half of the|two of the|the first|the last|any";

static const char openers[] =
    "Today |Last week |In general, |At first |By the end |This term |Again |For once |On reflection, "
    "|As agreed, |To my surprise |Next time |Frankly, |Meanwhile |Then |Since Sunday |Twice ";

/* What names are made of. */
static const char onsets[] =
    "b br ch d dr f fl g gr h j k kh kl l m n p pr qu r s sh sk sl st t th "
    "tr v w y z gh bl cl cr dh sw";
static const char vowels[] = "a e i o u ai au ea ee ie oo ou aa ei ia";
static const char codas[] = "b ck d f g k l ll m n nd ng nt p r rd rk rn s sh st t th v x z";

static const char arabic_nouns[] =
    "طالب معلم درس صف مدرسة كتاب دفتر سؤال جواب فكرة خطة هدف مؤشر نتيجة اختبار واجب حصة فصل ساحة "
    "مكتبة مختبر مدير مرشد زميل ضيف زيارة ملاحظة تقرير محضر اجتماع ورشة جلسة لجنة شبكة مجموعة فريق "
    "أسرة والد أم جد حي قرية مدينة شارع حافلة باب نافذة سبورة شاشة طاولة كرسي لوحة صورة خريطة قصة "
    "قصيدة نص فقرة جملة كلمة حرف صوت لغة قراءة كتابة إملاء نحو حساب كسر عدد زاوية شكل رسم تجربة ماء "
    "ضوء هواء تربة نبات بذرة حديقة نهر بحر ساحل صحراء مطر حرارة طاقة لعبة مسرحية أغنية مسابقة معرض "
    "شهادة جائزة ثقة صبر جهد انتباه ذاكرة دافع عادة قاعدة خطوة مرحلة بداية نهاية سبب أثر فرق نسبة";

static const char arabic_roots[] =
    "درس كتب علم فهم عمل شرح سمع نظر حضر غيب شرك نقش بحث سجل رصد قرأ حفظ نجح رسم لعب جمع قسم ضرب "
    "طرح حسب نشر عرض طلب قبل رفض شكر نصح وصل حمل خرج دخل رجع سبق لحق صبر شجع حفز نظم رتب نسق خطط "
    "طبق قدم فرز صنف ربط بدل كمل فتح غلق صلح نظف زرع سكن سفر صدق عرف ذكر بلغ نقل ترجم لخص قيس فحص";

static const char arabic_links[] = "في|من|إلى|على|عن|مع|بعد|قبل|خلال|بين|أمام|حول|دون|لأن|لكن|ثم|"
                                   "حتى|عندما|بينما|كما|إذا|حيث|منذ|رغم|لكي|أو|بسبب|بدل|كلما|ربما";

static const char arabic_openers[] =
    "اليوم |في الأسبوع الماضي |لاحظت أن |اتفقنا على أن |من جديد |هذا الفصل |بصراحة |في المرة القادمة "
    "|كما اتفقنا |للأسف |لحسن الحظ |في الواقع |بعد ذلك |منذ يوم الأحد |قررنا |نحتاج إلى ";

static const char arabic_names[] =
    "سالم مريم خالد نورة يوسف هدى ناصر ليلى سعيد عائشة حمد فاطمة راشد شيخة ماجد أمل طارق سلمى بدر "
    "وفاء حسن زينب عمر رنا جابر موزة فيصل لطيفة زايد علياء سيف حصة مبارك عفراء منصور ريم هلال بشرى";

struct words {
    const char *text;
    char separator;
};

/* The word that follows a random place: in one step, whatever the number of words. One that follows
 * a long word comes a little more often, which does no harm. */
static struct ph_bytes any_word(struct ph_chance *chance, struct words words)
{
    size_t len = strlen(words.text);
    const char *place = words.text + ph_chance_below(chance, (uint32_t)len);
    const char *gap = strchr(place, words.separator);
    const char *start = gap != NULL ? gap + 1 : words.text;
    const char *end = strchr(start, words.separator);
    return ph_bytes(start, end != NULL ? (size_t)(end - start) : strlen(start));
}

static void put(struct ph_buffer *out, const char *text)
{
    ph_buffer_put(out, text, strlen(text));
}

static void put_any(struct ph_chance *chance, const char *words, char separator,
                    struct ph_buffer *out)
{
    struct ph_bytes word = any_word(chance, (struct words){words, separator});
    ph_buffer_put(out, word.data, word.len);
}

static bool happens(struct ph_chance *chance, uint32_t percent)
{
    return ph_chance_below(chance, 100) < percent;
}

/* --- English --- */

/* People type in a hurry: now and then two letters change places, or one is lost or doubled. Only
 * letters of one byte, or of two, as Arabic has them, are moved. */
static void mistype(struct ph_chance *chance, size_t start, struct ph_buffer *out)
{
    size_t width = out->len > start && out->data[start] >= 0x80 ? 2 : 1;
    size_t count = (out->len - start) / width;
    uint8_t *at, first[2];
    if (out->overflow || count < 4 || !happens(chance, TYPOS_PERCENT))
        return;
    at = out->data + start + width * (1 + ph_chance_below(chance, (uint32_t)count - 2));
    memcpy(first, at, width);
    switch (ph_chance_below(chance, 3)) {
    case 0:
        memcpy(at, at + width, width);
        memcpy(at + width, first, width);
        return;
    case 1:
        memcpy(at, at + width, width);
        return;
    default:
        ph_buffer_put(out, out->data + out->len - width, width);
        return;
    }
}

/* A stem and its ending, with the final e dropped before a vowel. */
static void put_joined(struct ph_bytes stem, const char *ending, struct ph_buffer *out)
{
    bool meets_vowel = strchr("aeiouy", ending[0]) != NULL && ending[0] != 0;
    bool drops_e = meets_vowel && stem.data[stem.len - 1] == 'e';
    ph_buffer_put(out, stem.data, stem.len - drops_e);
    put(out, ending);
}

static void put_formed(struct ph_chance *chance, const char *stems, const char *ending,
                       struct ph_buffer *out)
{
    size_t start = out->len;
    put_joined(any_word(chance, (struct words){stems, ' '}), ending, out);
    mistype(chance, start, out);
}

static void put_verb(struct ph_chance *chance, struct ph_buffer *out)
{
    static const char *const modals[] = {"", "",      "",      "",         "",
                                         "", "will ", "must ", "did not ", "may "};
    static const char *const endings[] = {"ed", "ed", "s", "ed"};
    const char *modal = modals[ph_chance_below(chance, 10)];
    const char *ending = modal[0] == 0 ? endings[ph_chance_below(chance, 4)] : "";
    put(out, modal);
    put_formed(chance, verbs, ending, out);
}

static void put_capital_name(struct ph_chance *chance, struct ph_buffer *out)
{
    size_t start = out->len;
    for (uint32_t left = 1 + ph_chance_below(chance, 3); left > 0; left--) {
        put_any(chance, onsets, ' ', out);
        put_any(chance, vowels, ' ', out);
        put_any(chance, codas, ' ', out);
    }
    if (start < out->len)
        out->data[start] = (uint8_t)(out->data[start] - 'a' + 'A');
}

/* "(K7R-4Q9)": nine letters and a zero byte. */
static void write_code(struct ph_chance *chance, char *out)
{
    static const char signs[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    memcpy(out, "(...-...)", 10);
    for (size_t i = 1; i < 8; i++)
        if (i != 4)
            out[i] = signs[ph_chance_below(chance, sizeof signs - 1)];
}

static void put_figure(struct ph_chance *chance, struct ph_buffer *out)
{
    char text[40] = "";
    uint32_t number = ph_chance_below(chance, 1000), other = ph_chance_below(chance, 1000);
    switch (ph_chance_below(chance, 7)) {
    case 0:
        snprintf(text, sizeof text, "%u of %u pupils", number % 30, 30 + other % 13);
        break;
    case 1:
        snprintf(text, sizeof text, "%u.%u%%", number % 100, other % 10);
        break;
    case 2:
        snprintf(text, sizeof text, "class %u%c", 1 + number % 12, "ABCDEF"[other % 6]);
        break;
    case 3:
        snprintf(text, sizeof text, "%u:%02u", 7 + number % 9, other % 60);
        break;
    case 4:
        snprintf(text, sizeof text, "AED %u.%02u", number, other % 100);
        break;
    case 5:
        snprintf(text, sizeof text, "05%u %03u %03u", number % 10, other,
                 ph_chance_below(chance, 1000));
        break;
    default:
        write_code(chance, text);
        break;
    }
    put(out, text);
}

static void put_noun_phrase(struct ph_chance *chance, struct ph_buffer *out)
{
    if (happens(chance, NAMES_PERCENT)) {
        ph_bench_person(chance, PH_BENCH_ENGLISH, out);
        return;
    }
    if (happens(chance, FIGURES_PERCENT)) {
        put_figure(chance, out);
        return;
    }
    if (happens(chance, 45)) {
        put_any(chance, determiners, '|', out);
        put(out, " ");
    }
    if (happens(chance, 55)) {
        put_formed(chance, adjectives, "", out);
        put(out, " ");
    }
    if (happens(chance, 20)) {
        put_formed(chance, verbs, "ing", out);
        put(out, " ");
    }
    put_formed(chance, nouns, happens(chance, 30) ? "s" : "", out);
}

/* One piece of a sentence: a clause, or what is hung onto one. */
static void put_english(struct ph_chance *chance, struct ph_buffer *out)
{
    if (happens(chance, 75)) {
        put_noun_phrase(chance, out);
        put(out, " ");
        if (happens(chance, 70)) {
            put_verb(chance, out);
            put(out, " ");
        }
    } else {
        put_any(chance, prepositions, '|', out);
        put(out, " ");
    }
    put_noun_phrase(chance, out);
}

/* --- Arabic --- */

/* A root in one of its patterns; 1, 2, 3 stand for its letters. */
static void put_pattern(struct ph_chance *chance, struct ph_buffer *out)
{
    static const char *const patterns[] = {
        "1ا23", "م12و3",  "ت12ي3",  "1123",     "ا1ت2ا3", "است12ا3", "م1ا23ة", "12ا3ة",
        "ن123", "ي123ون", "ت123",   "يت1ا23ون", "1ا23ين", "م12و3ات", "مت1ا23", "12ي3",
        "م123", "ا12ا3",  "ت1ا23ت", "1ا23نا",   "123وا",  "123ت",    "م1ت23",  "ت12ي3ات",
    };
    struct ph_bytes root = any_word(chance, (struct words){arabic_roots, ' '});
    const char *pattern = patterns[ph_chance_below(chance, sizeof patterns / sizeof *patterns)];
    for (; *pattern != 0; pattern++) {
        if (*pattern >= '1' && *pattern <= '3') /* letters of two bytes each */
            ph_buffer_put(out, root.data + 2 * (*pattern - '1'), 2);
        else
            ph_buffer_put(out, pattern, 1);
    }
}

static void put_arabic_family(struct ph_chance *chance, struct ph_buffer *out)
{
    static const char letters[] = "ا ب ت ث ج ح خ د ذ ر ز س ش ص ض ط ظ ع غ ف ق ك ل م ن ه و ي";
    put(out, "ال");
    for (uint32_t left = 3 + ph_chance_below(chance, 3); left > 0; left--)
        put_any(chance, letters, ' ', out);
    put(out, "ي");
}

static void put_arabic_word(struct ph_chance *chance, struct ph_buffer *out)
{
    static const char *const before[] = {"", "", "ال", "ال", "و", "وال", "بال", "لل", "ب", "ف"};
    static const char *const after[] = {"", "", "", "", "", "هم", "ها", "نا", "ه", "كم"};
    uint32_t definite = ph_chance_below(chance, 10);
    size_t start = out->len;
    bool is_bare = strstr(before[definite], "ل") != NULL;
    put(out, before[definite]);
    if (happens(chance, 40))
        put_any(chance, arabic_nouns, ' ', out);
    else
        put_pattern(chance, out);
    if (!is_bare)
        put(out, after[ph_chance_below(chance, 10)]);
    mistype(chance, start, out);
}

static void put_arabic(struct ph_chance *chance, struct ph_buffer *out)
{
    if (happens(chance, 16)) {
        put_figure(chance, out);
    } else if (happens(chance, 25)) {
        ph_bench_person(chance, PH_BENCH_ARABIC, out);
    } else if (happens(chance, 4)) {
        put_any(chance, nouns, ' ', out); /* a term in the other language */
    } else if (happens(chance, 30)) {
        put_any(chance, arabic_links, '|', out);
        put(out, " ");
        put_arabic_word(chance, out);
    } else {
        put_arabic_word(chance, out);
    }
}

/* --- what others ask for --- */

void ph_bench_person(struct ph_chance *chance, enum ph_bench_language language,
                     struct ph_buffer *out)
{
    static const char titles[] = "Ms|Mr|Mrs|Dr|K.|L.|M.|S.|T.|A.|D.|R.|H.|Y.";
    if (language == PH_BENCH_ENGLISH)
        put_any(chance, titles, '|', out);
    else
        put_any(chance, arabic_names, ' ', out);
    put(out, " ");
    if (language == PH_BENCH_ENGLISH)
        put_capital_name(chance, out);
    else
        put_arabic_family(chance, out);
}

void ph_bench_date(struct ph_chance *chance, struct ph_buffer *out)
{
    char text[40];
    uint32_t year = 2026 + ph_chance_below(chance, 3);
    uint32_t month = 1 + ph_chance_below(chance, 12);
    snprintf(text, sizeof text, "%04u-%02u-%02u", year, month, 1 + ph_chance_below(chance, 28));
    put(out, text);
}

void ph_bench_heading(struct ph_chance *chance, enum ph_bench_language language,
                      struct ph_buffer *out)
{
    size_t start = out->len;
    if (language == PH_BENCH_ARABIC) {
        put_arabic_word(chance, out);
        put(out, " ");
        put_arabic_word(chance, out);
        return;
    }
    put_any(chance, adjectives, ' ', out);
    put(out, " ");
    put_any(chance, nouns, ' ', out);
    put(out, " ");
    put_any(chance, prepositions, '|', out);
    put(out, " ");
    put_any(chance, nouns, ' ', out);
    if (start < out->len)
        out->data[start] = (uint8_t)(out->data[start] - 'a' + 'A');
}

static void put_between(struct ph_chance *chance, enum ph_bench_language language, bool is_start,
                        struct ph_buffer *out)
{
    bool is_english = language == PH_BENCH_ENGLISH;
    if (!is_start && happens(chance, 65)) {
        put(out, " ");
        if (is_english && happens(chance, 40)) {
            put_any(chance, links, '|', out);
            put(out, " ");
        }
        return;
    }
    if (!is_start)
        put(out, happens(chance, 85) ? ". " : is_english ? "? " : "، ");
    if (happens(chance, 15))
        put_any(chance, is_english ? openers : arabic_openers, '|', out);
}

void ph_bench_sentences(struct ph_chance *chance, enum ph_bench_language language, size_t len,
                        struct ph_buffer *out)
{
    size_t start = out->len;
    for (bool is_start = true; !out->overflow && out->len - start < len; is_start = false) {
        put_between(chance, language, is_start, out);
        if (language == PH_BENCH_ENGLISH)
            put_english(chance, out);
        else
            put_arabic(chance, out);
    }
    put(out, ".");
}
