#include "tools/demo_texts.h"

const char *const ph_demo_names[PH_DEMO_SCHOOLS_MAX] = {
    "Al-Nour School",         "مدرسة الأمل",    "Nile Garden School",  "مدرسة السلام الابتدائية",
    "Canal Street School",    "مدرسة المنارة",  "Harbour View School", "مدرسة الزهراء",
    "Oasis Community School", "مدرسة طه حسين",  "Sakkara Road School", "مدرسة النخيل",
    "Old Citadel School",     "مدرسة الفجر",    "Riverside School",    "مدرسة ابن رشد",
    "Cotton Market School",   "مدرسة الياسمين", "Lotus Bridge School", "مدرسة نجيب محفوظ",
    "West Bank School",       "مدرسة الربيع",   "Granite Hill School", "مدرسة عائشة تيمور",
    "Delta Fields School",
};

const char *const ph_demo_targets[2] = {
    "تسعة من كل عشرة تلاميذ يقرؤون صفحة جديدة بفهم قبل نهاية الفصل الثاني",
    "Eight in ten read an unseen page aloud and retell it, in every class, by the end of May",
};

static const struct ph_demo_section sections[] = {
    {
        "Every child reads with understanding by the end of grade three",
        "Pupils read a page they have not seen before and can say what it was about",
        "Share of grade three pupils who retell an unseen page without help",
        "41 of 96 pupils in October",
        "70 of 96 pupils in May",
        "Twenty minutes of reading in pairs each morning, before the first lesson",
        "Head of lower primary",
        {
            "Reading in pairs, six weeks on",
            "We put a strong reader beside a hesitant one in all three classes. The first week was "
            "loud, and two pairs argued about who may turn the page. By the fourth week most of "
            "them began before I had closed the door.",
            "I was afraid of losing the lesson to noise. Now I miss the sound when I teach grade "
            "five.",
            "The quiet pupils gained most. Three of the strong readers were bored and said so.",
            "Reading to one person is less frightening than reading to thirty. The strong readers "
            "need harder books, not more patience.",
            "Pairs work if both of them have something to win.",
            "From Sunday each strong reader keeps a list of words to explain to the others on "
            "Thursday.",
        },
    },
    {
        "معلمون يتعلمون من زيارة بعضهم لبعض",
        "يزور كل معلم زميلاً له مرة في الشهر ويكتب ما سيجربه في فصله",
        "عدد الزيارات التي تلتها تجربة في الفصل",
        "زيارتان في العام الماضي، كلتاهما من الإدارة",
        "ست زيارات لكل معلم حتى نهاية العام",
        "جدول شهري للزيارات يضعه المعلمون أنفسهم لا الإدارة",
        "المعلم الأول للرياضيات",
        {
            "أول زيارة لي في فصل زميلة",
            "دخلت حصة العلوم عند الأستاذة هدى وجلست في الصف الأخير. طرحت سؤالاً واحداً ثم سكتت، وتركت "
            "التلاميذ يتناقشون نحو خمس دقائق قبل أن تعلق.",
            "ظننت في البداية أن الصمت ضعف في إدارة الحصة، ثم خجلت من ظني حين سمعت إجابات التلاميذ.",
            "ما أعجبني أن أضعف تلاميذ الصف تكلموا. وما لم أفهمه بعد كيف تضبط الوقت.",
            "أنا أجيب عن أسئلتي بنفسي قبل أن يفكر أحد. الزيارة أرتني عادتي أكثر مما أرتني حصتها.",
            "الصمت أداة تعليم، وليس فراغاً يجب أن أملأه.",
            "سأعد في حصتي القادمة إلى عشرة بعد كل سؤال، وأدعو الأستاذة هدى لتعد معي.",
        },
    },
    {
        "Mathematics that pupils can touch",
        "Every topic in grades four to six begins with something the pupils measure or build",
        "Topics in the teachers' plans that open with a measurement",
        "5 of 22 topics",
        "18 of 22 topics",
        "A cupboard of measuring tools that travels from class to class on a trolley",
        "Mathematics coordinator",
        {
            "The trolley in grade five",
            "We measured the yard with ropes knotted every metre and drew it to scale on brown "
            "paper. Two groups got a different area, and neither would give in.",
            "I enjoyed the argument more than I should have.",
            "They found the mistake themselves: one rope had a knot missing. The drawing took two "
            "lessons instead of one.",
            "A wrong answer that has a cause in the world is worth looking for. On paper they "
            "would have asked me who was right.",
            "Keep the ropes, keep the missing knot.",
            "Next month the same with volume: water, bottles and a promise to mop the floor.",
        },
    },
    {
        "مدرسة لا يغيب عنها أحد",
        "نعرف سبب كل غياب في يومه، ونتصل بالأسرة قبل اليوم التالي",
        "نسبة أيام الغياب التي لها سبب معروف",
        "أقل من الثلث في سبتمبر",
        "تسعة أعشار في مارس",
        "مكالمة قصيرة لكل أسرة غاب ابنها، يجريها رائد الفصل قبل الثانية ظهراً",
        "الأخصائية الاجتماعية",
        {
            "ماذا تعلمنا من المكالمات",
            "اتصلنا خلال ثلاثة أسابيع بمئة وأربع وعشرين أسرة. أكثر من نصف حالات الغياب يوم الأحد كانت "
            "لأولاد يعملون مع آبائهم في السوق.",
            "شعرت بالحرج في أول مكالمة، كأنني أحاسب الأم. في المكالمة الثالثة شكرتني أم لأن أحداً سأل.",
            "عاد سبعة تلاميذ بعد انقطاع طويل. لكن المكالمات أخذت من رواد الفصول وقتاً لم نحسبه.",
            "السوق لا ينافس المدرسة، بل ينافس الحصتين الأوليين فقط.",
            "السؤال بلا لوم يفتح الباب، واللوم يغلقه.",
            "نجرب أن تبدأ أهم حصص الأحد بعد التاسعة والنصف، ونقارن بعد شهر.",
        },
    },
    {
        "Writing that somebody reads",
        "Each pupil from grade four on writes one text a month for a reader outside the class",
        "Texts that got an answer from their reader",
        "None so far",
        "One answered text per pupil and term",
        "Letters between our grade five and grade five of the school across the canal",
        "Teacher of English, grade five",
        {
            "Letters across the canal",
            "Thirty-one letters left on Monday in one big envelope. Nobody had asked how long a "
            "letter must be; they asked whether the others have a library and who won the match.",
            "I was touched by how carefully they wrote the names.",
            "The drafts were longer than anything I had from them this year. Spelling was worse "
            "than in dictation, and I decided to leave it for the second draft.",
            "They correct themselves for a reader. They correct for me only what I underline.",
            "A reader is a better reason than a mark.",
            "When the answers come we shall list what the others could not understand and why.",
        },
    },
    {
        "أسئلة التلاميذ أولاً في حصص العلوم",
        "تبدأ كل وحدة في العلوم بأسئلة يكتبها التلاميذ وتنتهي بالإجابة عن ثلاثة منها على الأقل",
        "عدد الأسئلة المكتوبة والمجاب عنها في كل وحدة",
        "لم نكن نجمع الأسئلة",
        "ثلاثة أسئلة مجاب عنها في كل وحدة وفي كل فصل",
        "لوحة للأسئلة على باب المعمل يكتب عليها من يشاء",
        "معلم العلوم",
        {
            "لوحة على باب المعمل",
            "علقنا اللوحة يوم الثلاثاء، وبحلول الخميس كان عليها تسعة عشر سؤالاً. أحدها: لماذا لا تسقط "
            "السحب؟ ولم أكن أعرف كيف أجيب ببساطة.",
            "أقلقني أن أقف أمام سؤال لا أملك جوابه، ثم أراحني أن أقول: لا أعرف، فلنبحث.",
            "شارك تلاميذ لم أسمع صوتهم من قبل لأن الكتابة لا تحتاج إلى رفع اليد.",
            "الخوف من الخطأ كان يسكت نصف الفصل. الورقة بلا اسم رفعت هذا الخوف.",
            "حين أعترف بجهلي يتعلمون كيف يكون البحث.",
            "نختار كل أسبوع سؤالاً واحداً نجيب عنه بتجربة لا بكلام.",
        },
    },
    {
        "Children who feel safe in the yard",
        "Every break is watched by adults and older pupils who know what to do in a quarrel",
        "Quarrels in the break book that were settled without a teacher",
        "3 in the first month",
        "Half of all quarrels",
        "Train twelve pupils of grade six as peacemakers for the long break",
        "Deputy head",
        {
            "The first week of the peacemakers",
            "Twelve pupils in yellow caps walked the yard in pairs. They settled four quarrels, "
            "three of them about the same ball.",
            "I was prouder than I showed, and nervous whenever a cap disappeared behind the wall.",
            "It went well where they asked both sides the same two questions. It went badly once, "
            "when a peacemaker was the brother of one side.",
            "Fairness has to be seen. A brother may be fair, and nobody will believe it.",
            "Pairs should come from different classes, and relatives step aside.",
            "We buy a second ball, and write down the two questions on the inside of the caps.",
        },
    },
    {
        "اللغة العربية خارج الكتاب",
        "يقرأ كل فصل كتاباً كاملاً في الفصل الدراسي ويعرضه على مدرسة أخرى",
        "عدد الكتب المقروءة كاملة في كل فصل",
        "كتاب واحد في المدرسة كلها",
        "كتاب لكل فصل في كل فصل دراسي",
        "حقيبة من عشرة كتب تدور بين الفصول كل أسبوعين",
        "أمينة المكتبة",
        {
            "حقيبة الكتب في أسبوعها الثاني",
            "وصلت الحقيبة إلى الصف الخامس فاختاروا كتاباً عن رحلة في الصحراء، وقرؤوه بصوت عالٍ يتناوبون "
            "كل صفحة. طلب أحدهم أن يأخذه إلى البيت ليقرأه لجدته.",
            "فرحت بالطلب أكثر من فرحي بأي درجة.",
            "القراءة المشتركة نجحت، أما ورقة التلخيص التي أعددتها فلم يملأها إلا القليل.",
            "الورقة حولت المتعة إلى واجب. والجدة كانت سبباً أفضل من الورقة.",
            "الكتاب الذي يخرج من المدرسة يعود ومعه قصة.",
            "نستبدل بالورقة دفتراً صغيراً يكتب فيه من قرأ الكتاب في البيت جملة واحدة.",
        },
    },
    {
        "Families who come in, not only when called",
        "Parents visit lessons and evenings of their own choosing at least once a term",
        "Families that came at least once without having been called in",
        "22 of 310 families",
        "150 of 310 families",
        "An open hour every second Wednesday, with tea and no speeches",
        "School counsellor",
        {
            "Tea and no speeches",
            "Eleven parents came to the first open hour, nine of them mothers of first graders. "
            "They sat in the back of the classroom, and afterwards stayed longer than we had tea.",
            "I was disappointed by the number until I heard what they talked about.",
            "They asked how to help with reading when they themselves find it hard. Nobody had "
            "ever asked that at a parents' evening.",
            "At an evening we speak and they listen. With a glass in the hand it is the other way "
            "round.",
            "Small and often is better than big and once.",
            "The next hour is in the afternoon, so that fathers who drive can come.",
        },
    },
    {
        "تقويم يعين على التعلم",
        "يعرف كل تلميذ بعد كل اختبار ما أتقنه وما عليه أن يعيده",
        "نسبة التلاميذ القادرين على ذكر خطوتهم التالية",
        "واحد من كل خمسة في أكتوبر",
        "أربعة من كل خمسة في أبريل",
        "ورقة من سطرين تعود مع كل اختبار: أتقنت كذا، وسأعيد كذا",
        "وكيل المدرسة لشؤون التقويم",
        {
            "سطران بدل الدرجة",
            "أعدت الاختبار هذه المرة بلا درجة، ومعه سطران فقط. سألني أول تلميذ: كم أخذت؟ وسألني الثاني: "
            "ماذا أعيد؟",
            "ترددت كثيراً قبل أن أخفي الدرجة، وخشيت اعتراض أولياء الأمور.",
            "أعاد أكثر من نصف الفصل المسألة الثالثة دون أن أطلب. واعترض أبوان، ثم اقتنع أحدهما.",
            "الدرجة تنهي الحديث، والسطران يبدآنه.",
            "لا أحتاج إلى إلغاء الدرجة، بل إلى تأخيرها يومين.",
            "أعيد الأوراق يوم الأحد بالسطرين، وأعلن الدرجات يوم الثلاثاء.",
        },
    },
    {
        "Leaders among the teachers",
        "Each subject has a teacher who leads one small study with two colleagues every term",
        "Studies that ended with a page others can use",
        "One study last year",
        "Six studies a year",
        "Lesson study in groups of three: plan together, watch one lesson, change it, teach again",
        "Head teacher",
        {
            "What I learned by not leading",
            "The science group met without me, since the inspector had come. They planned a lesson "
            "on evaporation, taught it twice, and changed the order of two questions in between.",
            "At first I was uneasy, later relieved, and in the end a little superfluous.",
            "The second lesson was clearly better: the pupils predicted before they saw. The page "
            "they wrote is half a page, and all of it can be used.",
            "When I sit at the table they look at me before they speak.",
            "Leading sometimes means to have an appointment elsewhere.",
            "I shall ask for the half page, and for nothing else.",
        },
    },
};

static const char *const remarks[] = {
    "Could we borrow your measuring ropes in the week after the holiday?",
    "جربنا الفكرة نفسها العام الماضي ولم تنجح، ويسعدنا أن نقول لكم لماذا.",
    "Which day was your visit? Two of our teachers would like to come along.",
    "عندنا معلمة متقاعدة تحب أن تقرأ للأطفال، فهل نرسلها إليكم يوم الاثنين؟",
    "We tried it with smaller groups, and the quiet pupils spoke sooner.",
    "شكراً على الورقة، استعملناها كما هي في ثلاثة فصول.",
    "The number in the second line looks too high to us: was that one class or all of them?",
    "نقترح أن يكون اللقاء القادم عندنا، فالقاعة الكبيرة جاهزة.",
};

const struct ph_demo_section *ph_demo_section(size_t school)
{
    return &sections[school % (sizeof sections / sizeof *sections)];
}

const char *ph_demo_remark(size_t turn)
{
    return remarks[turn % (sizeof remarks / sizeof *remarks)];
}
