"""How Spanish says numbers, durations, times and dates; written without accents, as many write it."""

from __future__ import annotations

from ai_server.brain.slots.spoken import Spelling
from ai_server.brain.slots.wording import Wording, named, words

_WEEKDAYS = named(
    {
        0: "lunes",
        1: "martes",
        2: "miercoles",
        3: "jueves",
        4: "viernes",
        5: "sabado",
        6: "domingo",
    }
) | {"fin de semana": 5}
_PART = "(?: <part>)?"
_PERIOD = "<period>"
_YEAR = r"(?:(?: del?)?(?: año)? (?P<year>(?:19|20)\d\d))?"
_MINUTE = r"(?P<minute>\d\d?|<minutes>)(?: minutos?)?"
_THAT_COMES = "(?:que viene|proximo|siguiente|que entra)"

SPANISH = Wording(
    spelling=Spelling(
        "es",
        has_decimal_comma=True,
        variants={
            "veintiun": "veintiuno",
            "veintidos": "veintidós",
            "veintitres": "veintitrés",
            "veintiseis": "veintiséis",
            "dieciseis": "dieciséis",
            "septimo": "séptimo",
            "septima": "séptima",
            "decimo": "décimo",
            "decima": "décima",
        },
        accents=str.maketrans("áéíóúü", "aeiouu"),
        seldom_ordinal=words("segundo segundos cuarto cuartos tercios"),
        before_ordinal=words("el la lo"),
    ),
    phrases={
        "number": ("<quantity>",),
        "duration": (r"<parts>(?: (?:(?:y|con) )?(?P<rest>\d\d?)(?= <following>|$))?(?: mas)?",),
        "delay": (r"(?:en|dentro de|de aqui a) <parts>(?P<rest>)",),
        "level": (
            r"<quantity> (?:de|sobre) (?P<of>\d+)",
            r"(?P<quantity>\d+)/(?P<of>\d+)",
            "<quantity>(?: (?P<percent>por ciento|por 100|porciento|%))?",
            "<level>",
        ),
        "percent": ("<quantity>(?: (?:por ciento|por 100|porciento|%))",),
        "measure": ("<quantity> <measure>",),
        "unit": ("<measure>",),
        "choice": (
            r"(?:(?:el|la|lo) )?<ordinal>(?: (?:opcion|alarma|temporizador|recordatorio))?",
            r"(?:(?:el|la) )?(?:numero|opcion) (?P<number>\d\d?)",
        ),
        "language": ("<language>",),
        "repeats": (
            "<repeats>",
            f"(?:todas las|cada) {_PERIOD}",
            "(?:todos los|cada|los) <every_weekday>(?: (?:por|a|de) la <period>)?",
        ),
        "clock": (
            rf"<hour>[:.](?P<minute>\d\d)(?: (?:horas|h))?{_PART}",
            rf"<hour> (?:y|con) {_MINUTE}(?: en punto)?{_PART}",
            rf"<hour> (?P<to>menos) {_MINUTE}{_PART}",
            rf"{_MINUTE} (?P<to>para) las? <hour>{_PART}",
            rf"<hour> (?P<minute>[0-5]\d)(?: horas)?{_PART}",
            rf"<hour> (?:horas|h|en punto)(?: (?:y|con) {_MINUTE})?{_PART}",
            r"<hour>(?: en punto)? <part>",
            r"<hour>h(?P<minute>\d\d)",
            "(?:12 (?:de la|del) )?(?P<hour>mediodia|medianoche|media noche|medio dia)",
        ),
        "bare_clock": ("<hour>",),
        "part": ("<part>",),
        "day": ("<days>",),
        "weekday": (
            f"(?:(?P<this>este|este proximo|el proximo|proximo)|(?P<last>el pasado)) <weekday>(?: {_THAT_COMES})?",
            (
                f"<weekday>(?: (?:de la (?P<next>semana {_THAT_COMES}|proxima semana)|(?P<this>{_THAT_COMES})"
                "|(?P<last>pasado)))?"
            ),
        ),
        "month_day": (
            rf"(?:<weekday> )?(?:el )?(?:dia )?<day> de(?:l mes de)? <month>{_YEAR}",
            rf"(?:<weekday> )?<day> <month>{_YEAR}",
            r"(?P<day>\d\d?)[/.-](?P<month>1[0-2]|0?[1-9])(?:[/.-](?P<year>\d{4}|\d\d))?(?! (?:horas|h)(?!\S))",
            r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)",
        ),
        "day_of_month": (
            r"(?:<weekday> )?(?:el )?dia <day>(?: de (?:este|cada) mes)?",
            r"<weekday> (?P<day>\d\d?)(?= <following>|$)",
            r"el (?P<day>[123]\d)(?= <following>|$)",
        ),
        "in_span": (
            "(?:en|dentro de|de aqui a) <quantity> <span>(?: mas)?",
            "de <days> en <quantity> <span>",
            "(?:el )?(?P<span>mes|año) que viene",
            "(?:el )?proximo (?P<span>mes|año)",
        ),
        "holiday": (rf"(?:dia de )?<holiday>{_YEAR}",),
    },
    leads={
        "time": words("a al las la sobre hacia desde hasta para de antes despues"),
        "date": words("el en para hasta desde de del antes a"),
        "datetime": words("a al las la el para hasta desde de del sobre hacia"),
        "duration": words("de por en durante dentro otros otro otra otras para"),
        "level": words("a al hasta nivel volumen el en"),
        "language": words("en a al hablar habla el"),
        "number": words("numero el"),
        "name": words("es soy llamo llámame llamarme llama llaman llamas llames dime decirme"),
        "place": words("en de para a"),
    },
    following=words(
        "| por favor mañana hoy pasado el este esta en cada todos todas los las para y a con que porque entonces"
        " gracias llamado llamada hasta desde de del o si"
    )
    | _WEEKDAYS.keys(),
    joining=words("a al las la el en y por para sobre hacia temprano del"),
    conjunction="(?:y|con)(?: los)?",
    amounts=named(
        {
            1.0: "otro|otra",
            2.0: "1 par|par",
            6.0: "media docena",
            12.0: "1 docena",
            0.5: "media|medio|mitad|la mitad|1/2|1 media|1 medio|½",
            0.25: "1 cuarto|cuarto|¼|1/4",
            0.75: "3 cuartos|¾",
            1 / 3: "1 tercio",
            2 / 3: "2 tercios",
        }
    ),
    of="de",
    fractions=named(
        {
            0.5: "y media|y medio|½|1/2",
            0.25: "y cuarto|y 1 cuarto|¼|1/4",
            0.75: "y 3 cuartos|¾|3/4",
            1 / 3: "y 1 tercio",
        }
    ),
    units=named(
        {
            0.001: "milisegundo|milisegundos",
            1.0: "segundo|segundos|seg|segs|s",
            60.0: "minuto|minutos|minutito|minutitos|min|mins|m",
            3600.0: "hora|horas|horita|h|hs",
            86400.0: "dia|dias",
            604800.0: "semana|semanas",
            1209600.0: "quincena",
        }
    ),
    hours={"mediodia": 12, "medio dia": 12, "medianoche": 0, "media noche": 0},
    minutes={"cuarto": 15, "1 cuarto": 15, "media": 30, "3 cuartos": 45},
    parts=named(
        {
            "am": "am|a m|de la madrugada|de madrugada",
            "pm": "pm|p m",
            "morning": "de la mañana|por la mañana|en la mañana|a la mañana|esta mañana|de mañana"
            "|de la manana|por la manana",
            "afternoon": "de la tarde|por la tarde|en la tarde|a la tarde|esta tarde|del mediodia",
            "night": "de la noche|por la noche|en la noche|a la noche|esta noche",
        }
    ),
    periods=named({"morning": "mañana|mañanas", "afternoon": "tarde|tardes", "night": "noche|noches"}),
    days=named(
        {
            -2: "anteayer|antes de ayer|antier",
            -1: "ayer",
            0: "hoy|esta noche|esta tarde|esta mañana|hoy mismo",
            1: "mañana|manana|el dia siguiente",
            2: "pasado mañana|pasado manana",
            7: "la semana que viene|la proxima semana|la semana proxima|semana que viene|proxima semana",
        }
    ),
    weekdays=_WEEKDAYS,
    every_weekday={**_WEEKDAYS, "sabados": 5, "domingos": 6},
    months=named(
        {
            1: "enero",
            2: "febrero",
            3: "marzo",
            4: "abril",
            5: "mayo",
            6: "junio",
            7: "julio",
            8: "agosto",
            9: "septiembre|setiembre",
            10: "octubre",
            11: "noviembre",
            12: "diciembre",
        }
    ),
    holidays=named(
        {
            (12, 24): "nochebuena|noche buena",
            (12, 25): "navidad|navidades",
            (12, 31): "nochevieja|noche vieja|fin de año",
            (1, 1): "año nuevo",
            (1, 6): "reyes|reyes magos",
            (2, 14): "san valentin",
            (10, 31): "halloween",
            (11, 1): "todos los santos",
        }
    ),
    spans=named({1: "dia|dias", 7: "semana|semanas", 14: "quincena", -1: "mes|meses", -12: "año|años"}),
    repeats=named(
        {
            "daily": "todos los dias|cada dia|a diario|diariamente|diario|diaria",
            "weekdays": "entre semana|de lunes a viernes|lunes a viernes|los dias laborables|los dias de semana"
            "|cada dia laborable|todos los dias laborables|los dias entre semana",
            "weekends": "los fines de semana|cada fin de semana|todos los fines de semana|fines de semana",
        }
    ),
    levels=named(
        {
            100: "maximo|al maximo|a tope|a todo volumen|el maximo|lo mas alto posible|tope",
            50: "la mitad|mitad|medio volumen|a la mitad",
            0: "minimo|al minimo|el minimo|silencio|lo mas bajo posible",
        }
    ),
    measures=named(
        {
            "mm": "milimetro|milimetros|mm",
            "cm": "centimetro|centimetros|cm",
            "m": "metro|metros|m",
            "km": "kilometro|kilometros|km",
            "in": "pulgada|pulgadas",
            "ft": "pie|pies",
            "yd": "yarda|yardas",
            "mi": "milla|millas",
            "mg": "miligramo|miligramos|mg",
            "g": "gramo|gramos|g",
            "kg": "kilo|kilos|kilogramo|kilogramos|kg",
            "t": "tonelada|toneladas",
            "oz": "onza|onzas",
            "lb": "libra|libras",
            "ml": "mililitro|mililitros|ml",
            "cl": "centilitro|centilitros|cl",
            "l": "litro|litros|l",
            "gal": "galon|galones",
            "°": "grado|grados|°",
            "°C": "grados celsius|grados centigrados|celsius|centigrados|° c",
            "°F": "grados fahrenheit|fahrenheit|° f",
            "K": "kelvin",
            "m/s": "metros por segundo|m/s",
            "km/h": "kilometros por hora|km / h|kilometros hora",
            "mph": "millas por hora",
            "kn": "nudo|nudos",
            "ms": "milisegundo|milisegundos|ms",
            "s": "segundo|segundos",
            "min": "minuto|minutos",
            "h": "hora|horas",
            "d": "dia|dias",
            "wk": "semana|semanas",
        }
    ),
    languages=named(
        {
            "ar": "arabe",
            "ca": "catalan",
            "cs": "checo",
            "da": "danes",
            "de": "aleman",
            "el": "griego",
            "en": "ingles",
            "es": "español|castellano|espanol",
            "fi": "finlandes|fines",
            "fr": "frances",
            "he": "hebreo",
            "hi": "hindi",
            "hu": "hungaro",
            "it": "italiano",
            "ja": "japones",
            "ko": "coreano",
            "nb": "noruego",
            "nl": "holandes|neerlandes",
            "pl": "polaco",
            "pt": "portugues",
            "ro": "rumano",
            "ru": "ruso",
            "sv": "sueco",
            "tr": "turco",
            "uk": "ucraniano",
            "vi": "vietnamita",
            "zh": "chino|mandarin|chino mandarin",
        }
    ),
    ordinals=named(
        {-1: "ultimo|ultima", -2: "penultimo|penultima", 1: "primer|primero|primera", 2: "segundo|segunda"}
        | {3: "tercer|tercero|tercera", 4: "cuarto|cuarta", 5: "quinto|quinta"}
    ),
    function_words=words(
        "siento decirme decir bien mal un una uno unos unas el la los las lo de del al a en con por para y o pero si"
        " no que qué cual cuál quien quién como cómo cuando cuándo donde dónde soy es eres está estoy somos son me te"
        " se le nos les mi tu su mis tus sus yo tú él ella usted nosotros ellos llamo llama llamas llaman llames"
        " llamar llámame llamame dime di nombre apodo favor gracias hola adiós ahora aquí muy más todos puedes puede"
        " quiero robot nadie ser puedo mejor digan dicen decir partir"
    ),
    particles=words("de del la las los y da van von san santa"),
)
