"""Words of everyday speech that a search treats unlike others, by language (the primary subtag of BCP 47)."""

from __future__ import annotations

# ruff: noqa: E501, RUF001

STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The Snowball algorithm of each language that has one; see https://snowballstem.org/algorithms."""

LANGUAGES = ("en", "de", "es", "fr", "it", "pt", "ru")
"""Those of `STOP_WORDS`: the languages in which a text is understood where nobody says in which it is."""

STOP_WORDS = {
    "en": """
        a about above after again all also am an and any anybody anyone anything are aren as at be because been before
        being below between both but by can cannot cant could couldn d did didn do does doesn doing don done dont
        down during each either else ever every everybody everyone everything few for from further get gets getting
        go going gonna got had hadn has hasn have haven having he her here hers herself hey hi hello him himself his how
        i if im in into is isn it its itself ive just let lets ll m many may maybe me might mine more most much must my
        myself no nor not now of off oh ok okay on once one only or other our ours ourselves out over own please quite
        rather re really s same say said says shall she should shouldn so some somebody someone something still such t
        tell tells than thank thanks that thats the their theirs them themselves then there these they thing things
        this those though through to told too under until up upon us ve very want wants was wasn we well were weren
        what whats when where which while who whom whose why will with won would wouldn yeah yes yet you your yours
        yourself yourselves
        take takes took taken taking make makes made making put puts give gives gave given come comes came need needs
        use used look looks find finds found happen happened
        kind kinds sort sorts
        remember recall remind know knows knew mention mentioned talk talked talking think thought again
    """,
    "de": """
        aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus bei
        beim bin bis bist bitte da dabei damit dann daran darauf daraus darin darum darüber das dass davon dazu dein
        deine deinem deinen deiner dem den denn der des dessen dich die dies diese diesem diesen dieser dieses dir doch
        dort du durch ein eine einem einen einer eines einige er es etwas euch euer eure für gegen gehabt gesagt gewesen
        geworden hab habe haben hallo hast hat hatte hatten hattest hier hin hinter ich ihm ihn ihnen ihr ihre ihrem
        ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jene jetzt kann kannst kein keine keinem keinen keiner
        können könnte mach machen mal man manche mehr mein meine meinem meinen meiner meines mich mir mit muss musst
        müssen nach nein nicht nichts noch nun nur ob oder ohne sag sagen schon sehr sein seine seinem seinen seiner
        seit selbst sich sie sind so solche soll sollte sondern über um und uns unser unsere unter viel vom von vor
        wann war waren warst warum was weil welche welchem welchen welcher welches wem wen wenn wer werde werden wessen
        weißt wie wieder wieso will willst wir wird wirst wo wohin worden wurde wurden würde zu zum zur zwar zwischen
        erinnere erinnerst erzähl erzählt mag
    """,
    "es": """
        a al algo alguien algún alguna algunas alguno algunos ante antes aquel aquella aquí así aún bien bueno cada
        casi como cómo con contra cosa cosas cual cuál cuales cuando cuándo cuánto cuánta cuántos cuántas cuyo da dar de
        deja del desde di dice dicho dije dijo donde dónde dos durante e el él ella ellas ellos en entonces entre era
        eran eras eres es esa esas ese eso esos esta está estaba están estar estas estás este esto estos estoy fue
        fueron fui gracias ha haber había habían hace hacer hago hasta hay he hemos hola hoy la las le les lo los más me
        mi mí mía mío mis mucho muchos muy nada nadie ni no nos nosotros nuestra nuestro nunca o os otra otras otro
        otros para pero poco por porque pues puede puedes que qué quien quién quiero sabes se sé sea ser si sí sido
        sin sobre solo sólo son soy su sus también tan tanto te tengo tenía ti tiene tienes todo todos tu tú tus tuyo
        tuya un una unas uno unos usted va vas vez voy y ya yo
        recuerda recuerdas acuerdas favor
    """,
    "fr": """
        à ai aie alors as au aucun aussi autre aux avaient avais avait avant avec avez avoir avons bien bon c ça car ce
        cela ces cet cette chaque ceci chose choses comme comment d dans de déjà depuis des dire dis dit donc dont du
        elle elles en encore entre es est et étaient étais était été être eu eux fait faire fais fois font hier hors
        ici il ils j je jusqu l la là le les leur leurs lui m ma mais me même mes mieux moi moins mon n ne ni non nos
        notre nous on ont ou où par parce pas peu peut peux plus pour pourquoi qu quand que quel quelle quelles quels
        qui quoi s sa sais salut sans se sera ses seulement si soit sommes son sont sous souviens suis sur t ta tant te
        tes toi ton toujours tous tout toute très tu un une va vais vas vers veux voici voilà vos votre vous y
    """,
    "it": """
        a ad agli ai al alla alle allo allora altre altri altro anche ancora avere aveva avevo bene c che chi ci ciao
        ciò come con contro cosa cose cui da dagli dai dal dalla dalle dallo degli dei del dell della delle dello dentro
        detto devo di dice dico dopo dove due e è ed era erano ero essere fa fare fatto fra già gli grazie ha hai hanno
        ho i il in io l la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel nella nelle nello no
        noi non nostra nostro o ogni oggi per perché però più poi può puoi qual quale quali quando quanto quella quelle
        quelli quello questa queste questi questo qui ricordi sa sai se sei sempre senza si sì sia solo sono sopra sta
        stai stata stato sto su sua sue sugli sui sul sulla suo suoi te ti tra tu tua tue tuo tuoi tutti tutto un una
        uno va vai voglio voi vostro
    """,
    "pt": """
        a à agora ainda algo alguém algum alguma ao aos aquela aquele aqui as às até bem com como contra cada coisa
        coisas cujo da das de dela dele deles depois desde desse desta deste diga disse dizer do dois dos e é ela elas
        ele eles em entre era eram essa esse esta está estão estar estava este estou eu faz fazer fiz foi foram fui há
        isso isto já la lá lembra lembras lhe mais mas me mesmo meu meus minha minhas muito na nada não nas nem nenhum
        no nos nós nossa nosso num numa nunca o obrigado oi olá onde os ou outra outro para pela pelas pelo pelos pode
        podes por porque porquê posso pouco pra qual quais quando quanto que quê quem quero sabe se sei seja sem sempre
        ser será seu seus sim só sobre sou sua suas também tão te tem tenho ter teu teus tinha todo todos tu tua tuas
        tudo um uma umas uns vai você vocês vou
    """,
    "ru": """
        а без более больше будет будто бы был была были было быть в вам вами вас ведь весь во вот все всего всё всех всю
        вы где да даже два для до его ее её ей ему если есть еще ещё ж же за зачем здесь и из или им ими их к как какая
        какие какой когда кого кому кто куда ли лучше мне много может можно мои мой моя мою мы на над надо наш не него
        нее ней нет ни нибудь никогда ним них ничего но ну о об один он она они оно опять от очень по под помнишь после
        потом потому почему почти при привет про раз сам сама свою себе себя сейчас скажи сказал сказала со спасибо
        так такой там твой твоя тебе тебя тем теперь то тогда того тоже только том тот тут ты у уж уже хочу хорошо чего
        чей чем что чтобы чью эта эти это этого этой этот эту я
    """,
}
"""Words that say nothing of what is meant: articles, pronouns, auxiliaries, question words, and those of asking itself
("do you remember")."""

QUESTION_WORDS = {
    "en": "what whats which who whom whose when where why how do does did is are was were can could will would should has have am",
    "de": "was welche welchem welchen welcher welches wer wem wen wessen wann wo wohin woher warum wieso wie weißt kannst hast ist sind bin erinnerst",
    "es": "qué que cuál cuáles quién quiénes cuándo cuando dónde donde cómo como cuánto cuánta cuántos sabes recuerdas puedes",
    "fr": "quel quelle quels quelles qui que quoi quand où comment combien pourquoi est-ce sais te peux",
    "it": "che chi cosa quale quali quando dove come quanto quanti perché sai ricordi puoi",
    "pt": "que qual quais quem quando onde como quanto quantos porque sabe lembra pode",
    "ru": "что кто кого кому чей чья какой какая какие когда где куда как сколько почему зачем помнишь знаешь",
}
"""Words with which a question begins, for what a speech recogniser writes without a question mark."""

PARTICLES = frozenset("的了吗呢吧啊在是我你他她它们这那哪有和就都也不很什怎么把给着过到はがをにへの은는을를")
"""Characters of Chinese, Japanese and Korean that seldom say what a text is about."""

QUESTION_MARKS = ("?", "？", "؟")
FULL_STOPS = ".!。！"

QUESTION_SUFFIXES = ("吗", "呢", "か", "かな", "니", "까", "나요", "어요")
"""With which a question ends in Chinese, Japanese or Korean, where there is no question mark."""

IRREGULAR = {
    "ate": "eat",
    "became": "become",
    "began": "begin",
    "begun": "begin",
    "bent": "bend",
    "bit": "bite",
    "bitten": "bite",
    "bled": "bleed",
    "blew": "blow",
    "blown": "blow",
    "bought": "buy",
    "bred": "breed",
    "broke": "break",
    "broken": "break",
    "brought": "bring",
    "built": "build",
    "burnt": "burn",
    "came": "come",
    "caught": "catch",
    "children": "child",
    "chose": "choose",
    "chosen": "choose",
    "crept": "creep",
    "dealt": "deal",
    "drank": "drink",
    "drawn": "draw",
    "dreamt": "dream",
    "drew": "draw",
    "driven": "drive",
    "drove": "drive",
    "drunk": "drink",
    "dug": "dig",
    "dying": "die",
    "eaten": "eat",
    "fallen": "fall",
    "fed": "feed",
    "feet": "foot",
    "fell": "fall",
    "felt": "feel",
    "fled": "flee",
    "flew": "fly",
    "flown": "fly",
    "forgave": "forgive",
    "forgiven": "forgive",
    "forgot": "forget",
    "forgotten": "forget",
    "fought": "fight",
    "found": "find",
    "froze": "freeze",
    "frozen": "freeze",
    "gave": "give",
    "geese": "goose",
    "given": "give",
    "gone": "go",
    "grew": "grow",
    "grown": "grow",
    "halves": "half",
    "heard": "hear",
    "held": "hold",
    "hid": "hide",
    "hidden": "hide",
    "hung": "hang",
    "kept": "keep",
    "knelt": "kneel",
    "knitted": "knit",
    "knives": "knife",
    "laid": "lay",
    "leapt": "leap",
    "learnt": "learn",
    "leaves": "leave",
    "led": "lead",
    "left": "leave",
    "lent": "lend",
    "lit": "light",
    "lives": "live",
    "loaves": "loaf",
    "lost": "lose",
    "lying": "lie",
    "made": "make",
    "meant": "mean",
    "men": "man",
    "met": "meet",
    "mice": "mouse",
    "paid": "pay",
    "people": "person",
    "ran": "run",
    "rang": "ring",
    "ridden": "ride",
    "rode": "ride",
    "said": "say",
    "sang": "sing",
    "sank": "sink",
    "sat": "sit",
    "saw": "see",
    "scarves": "scarf",
    "seen": "see",
    "sent": "send",
    "shaken": "shake",
    "shelves": "shelf",
    "shone": "shine",
    "shook": "shake",
    "shot": "shoot",
    "shown": "show",
    "shrank": "shrink",
    "shrunk": "shrink",
    "slept": "sleep",
    "slid": "slide",
    "sold": "sell",
    "spelt": "spell",
    "spent": "spend",
    "spilt": "spill",
    "spoilt": "spoil",
    "spoke": "speak",
    "spoken": "speak",
    "sprang": "spring",
    "stole": "steal",
    "stolen": "steal",
    "stood": "stand",
    "struck": "strike",
    "stuck": "stick",
    "stung": "sting",
    "sung": "sing",
    "sunk": "sink",
    "swam": "swim",
    "swept": "sweep",
    "swollen": "swell",
    "swore": "swear",
    "sworn": "swear",
    "swum": "swim",
    "swung": "swing",
    "taken": "take",
    "taught": "teach",
    "teeth": "tooth",
    "thieves": "thief",
    "threw": "throw",
    "thrown": "throw",
    "told": "tell",
    "took": "take",
    "tore": "tear",
    "torn": "tear",
    "tying": "tie",
    "understood": "understand",
    "went": "go",
    "wept": "weep",
    "withdrawn": "withdraw",
    "withdrew": "withdraw",
    "wives": "wife",
    "woke": "wake",
    "woken": "wake",
    "wolves": "wolf",
    "women": "woman",
    "won": "win",
    "wore": "wear",
    "worn": "wear",
    "wove": "weave",
    "woven": "weave",
    "written": "write",
    "wrote": "write",
    "wrung": "wring",
}
"""English forms that a stemmer leaves apart, with the word they are of."""
