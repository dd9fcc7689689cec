"""What people say in other languages than English, written apart from the phrases."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ai_server import resources
from ai_server.brain.intent.classifier import IntentClassifier
from ai_server.brain.intent.matcher import Context
from ai_server.brain.intent.phrasefile import Phrasebook, PhraseFiles
from ai_server.brain.intent.samples import Sampler
from ai_server.brain.intent.words import Words
from ai_server.brain.slots import SlotValue
from tests.daemons import CACHE

INTENTS = resources.config_dir() / "intents"
SAYINGS = resources.config_dir() / "phrases" / "skills"
WRITTEN_OUT = {ord(letter): letters for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"))}
MONDAY = datetime(2026, 5, 4, 10, 0, tzinfo=ZoneInfo("Europe/Madrid"))

SPANISH = {
    "Hola, ¿qué tal?": "greeting",
    "¡Buenas tardes, Naila!": "greeting",
    "¿Cómo te va, amigo?": "greeting",
    "Hasta luego, que descanses": "goodbye",
    "bueno, me tengo que ir ya": "goodbye",
    "Buenas noches y hasta mañana": "goodbye",
    "¡Muchísimas gracias por tu ayuda!": "gratitude",
    "te lo agradezco de verdad": "gratitude",
    "Sí, por favor.": "affirm",
    "claro que sí": "affirm",
    "venga, hazlo": "affirm",
    "No, gracias.": "deny",
    "ahora no": "deny",
    "de ninguna manera": "deny",
    "¡Para!": "cancel",
    "déjalo, no importa": "cancel",
    "cállate ya": "cancel",
    "cancela eso, por favor": "cancel",
    "¿Puedes repetirlo, por favor?": "repeat",
    "perdona, no te he entendido": "repeat",
    "¿Qué has dicho?": "repeat",
    "¿Qué sabes hacer?": "capabilities_query",
    "¿en qué me puedes ayudar?": "capabilities_query",
    "¿Qué hora es?": "time_query",
    "oye Naila, dime la hora": "time_query",
    "¿Qué hora es en Tokio?": "time_query",
    "¿Sabes qué día es hoy?": "date_query",
    "¿a cuánto estamos?": "date_query",
    "¿Cuántos días faltan para Navidad?": "date_query",
    "¿Qué tiempo va a hacer mañana en Sevilla?": "weather_query",
    "¿lloverá esta tarde?": "weather_query",
    "¿me llevo el paraguas hoy?": "weather_query",
    "Pon un temporizador de diez minutos": "timer_set",
    "ponme un temporizador de 5 minutos para la pasta": "timer_set",
    "¿Cuánto tiempo le queda al temporizador?": "timer_query",
    "quita el temporizador": "timer_cancel",
    "Despiértame mañana a las siete y media": "alarm_set",
    "pon una alarma a las 6 de la mañana": "alarm_set",
    "¿qué alarmas tengo puestas?": "alarm_query",
    "cancela la alarma de mañana": "alarm_cancel",
    "Recuérdame mañana a las cinco llamar al dentista": "reminder_set",
    "recuérdame que tengo que comprar pan": "reminder_set",
    "¿Qué recordatorios tengo?": "reminder_query",
    "borra el recordatorio de la reunión": "reminder_cancel",
    "cinco minutos más": "snooze",
    "Sube el volumen": "volume_set",
    "habla un poco más bajo": "volume_set",
    "pon el volumen al cincuenta por ciento": "volume_set",
    "¿Podrías hablar más despacio?": "speech_rate_set",
    "habla más rápido": "speech_rate_set",
    "Háblame en inglés": "language_set",
    "Me llamo Lucía": "user_name_set",
    "puedes llamarme Paco": "user_name_set",
    "¿Te acuerdas de cómo me llamo?": "user_name_query",
    "a partir de ahora te llamas Chispa": "robot_name_set",
    "¿Cuánto es siete por ocho?": "calculation",
    "calcula 15 más 27": "calculation",
    "lanza una moneda": "coin_flip",
    "¿cara o cruz?": "coin_flip",
    "tira dos dados": "dice_roll",
    "¿Cuánta batería te queda?": "sensor_query",
    "¿qué temperatura hace aquí?": "sensor_query",
    "¿Qué ves ahora mismo?": "sensor_query",
    "Recuerda que mi coche está en la segunda planta": "fact_remember",
    "olvida lo que te dije de mi jefe": "fact_forget",
}

GERMAN = {
    "Hallo, wie geht's dir?": "greeting",
    "Guten Morgen, Naila!": "greeting",
    "na, alles klar bei dir?": "greeting",
    "Tschüss, bis morgen!": "goodbye",
    "ich muss jetzt los": "goodbye",
    "Gute Nacht, schlaf gut": "goodbye",
    "Vielen lieben Dank für deine Hilfe!": "gratitude",
    "das ist sehr nett von dir, danke": "gratitude",
    "Ja, bitte.": "affirm",
    "na klar": "affirm",
    "mach das ruhig": "affirm",
    "Nein, danke.": "deny",
    "jetzt nicht": "deny",
    "auf gar keinen Fall": "deny",
    "Stopp!": "cancel",
    "ach, vergiss es": "cancel",
    "sei mal still": "cancel",
    "Brich das bitte ab": "cancel",
    "Kannst du das noch einmal sagen?": "repeat",
    "Wie bitte?": "repeat",
    "das habe ich nicht verstanden": "repeat",
    "Was kannst du alles?": "capabilities_query",
    "wobei kannst du mir helfen": "capabilities_query",
    "Wie spät ist es denn gerade?": "time_query",
    "sag mir mal die Uhrzeit": "time_query",
    "Wie viel Uhr ist es in New York?": "time_query",
    "Welcher Tag ist heute?": "date_query",
    "den wievielten haben wir heute": "date_query",
    "Wie viele Tage sind es noch bis Weihnachten?": "date_query",
    "Wie wird das Wetter morgen in Hamburg?": "weather_query",
    "regnet es heute noch?": "weather_query",
    "brauche ich heute einen Schirm": "weather_query",
    "Stell einen Timer auf zehn Minuten": "timer_set",
    "kannst du mir bitte einen Timer auf 5 Minuten stellen": "timer_set",
    "Wie lange läuft der Timer noch?": "timer_query",
    "lösch den Timer": "timer_cancel",
    "Weck mich morgen um halb sieben": "alarm_set",
    "stell den Wecker auf sechs Uhr": "alarm_set",
    "welche Wecker sind gestellt": "alarm_query",
    "mach den Wecker aus": "alarm_cancel",
    "Erinnere mich morgen um acht an den Müll": "reminder_set",
    "erinnere mich daran, dass ich Brot kaufen muss": "reminder_set",
    "Welche Erinnerungen habe ich?": "reminder_query",
    "lösche die Erinnerung an den Zahnarzt": "reminder_cancel",
    "noch fünf Minuten": "snooze",
    "Mach bitte lauter": "volume_set",
    "sprich ein bisschen leiser": "volume_set",
    "stell die Lautstärke auf 50 Prozent": "volume_set",
    "Könntest du etwas langsamer sprechen?": "speech_rate_set",
    "rede schneller": "speech_rate_set",
    "Sprich englisch mit mir": "language_set",
    "Ich heiße Lukas": "user_name_set",
    "du kannst mich Tini nennen": "user_name_set",
    "Weißt du noch, wie ich heiße?": "user_name_query",
    "ab jetzt heißt du Funkel": "robot_name_set",
    "Was ist sieben mal acht?": "calculation",
    "rechne mal 15 plus 27": "calculation",
    "wirf eine Münze": "coin_flip",
    "Kopf oder Zahl?": "coin_flip",
    "würfel mal bitte": "dice_roll",
    "Wie voll ist dein Akku?": "sensor_query",
    "wie warm ist es hier drin": "sensor_query",
    "Was siehst du gerade?": "sensor_query",
    "Merk dir, dass mein Auto im zweiten Stock steht": "fact_remember",
    "vergiss alles, was ich dir über meinen Chef erzählt habe": "fact_forget",
}

FRENCH = {
    "Salut, ça va ?": "greeting",
    "Bonjour Naila !": "greeting",
    "Au revoir, à demain": "goodbye",
    "bonne nuit, dors bien": "goodbye",
    "Merci beaucoup pour ton aide": "gratitude",
    "Oui, bien sûr": "affirm",
    "vas-y": "affirm",
    "Non merci": "deny",
    "pas maintenant": "deny",
    "Arrête de parler": "cancel",
    "laisse tomber": "cancel",
    "Tu peux répéter, s'il te plaît ?": "repeat",
    "je n'ai pas compris": "repeat",
    "Quelle heure est-il ?": "time_query",
    "tu as l'heure ?": "time_query",
    "On est quel jour aujourd'hui ?": "date_query",
    "parle plus fort": "volume_set",
    "baisse un peu le son": "volume_set",
    "Qu'est-ce que tu sais faire ?": "capabilities_query",
    "mets un minuteur de cinq minutes": "timer_set",
}

ITALIAN = {
    "Ciao, come stai?": "greeting",
    "Buongiorno Naila!": "greeting",
    "Arrivederci, a domani": "goodbye",
    "devo andare, ciao": "goodbye",
    "Grazie mille per l'aiuto": "gratitude",
    "Sì, certo": "affirm",
    "va bene": "affirm",
    "No, grazie": "deny",
    "adesso no": "deny",
    "Smettila di parlare": "cancel",
    "lascia perdere": "cancel",
    "Puoi ripetere, per favore?": "repeat",
    "scusa, non ho capito": "repeat",
    "Che ore sono?": "time_query",
    "mi dici l'ora esatta?": "time_query",
    "Che giorno è oggi?": "date_query",
    "alza il volume": "volume_set",
    "parla più piano": "volume_set",
    "Cosa sai fare?": "capabilities_query",
    "imposta un timer di dieci minuti": "timer_set",
}

PORTUGUESE = {
    "Oi, tudo bem?": "greeting",
    "Bom dia, Naila!": "greeting",
    "Tchau, até amanhã": "goodbye",
    "tenho que ir embora": "goodbye",
    "Muito obrigado pela ajuda": "gratitude",
    "Sim, claro": "affirm",
    "pode ser": "affirm",
    "Não, obrigada": "deny",
    "agora não": "deny",
    "Para de falar": "cancel",
    "deixa pra lá": "cancel",
    "Pode repetir, por favor?": "repeat",
    "desculpa, não entendi": "repeat",
    "Que horas são?": "time_query",
    "me diz as horas": "time_query",
    "Que dia é hoje?": "date_query",
    "aumenta o volume": "volume_set",
    "fala mais baixo": "volume_set",
    "O que você sabe fazer?": "capabilities_query",
    "coloca um temporizador de cinco minutos": "timer_set",
}

RUSSIAN = {
    "Привет, как дела?": "greeting",
    "Доброе утро, Naila!": "greeting",
    "Пока, до завтра": "goodbye",
    "мне пора идти": "goodbye",
    "Большое спасибо за помощь": "gratitude",
    "Да, конечно": "affirm",
    "хорошо, давай": "affirm",
    "Нет, спасибо": "deny",
    "не сейчас": "deny",
    "Перестань говорить": "cancel",
    "замолчи, пожалуйста": "cancel",
    "Повтори ещё раз, пожалуйста": "repeat",
    "извини, я не расслышал": "repeat",
    "Который час?": "time_query",
    "сколько сейчас времени": "time_query",
    "Какой сегодня день?": "date_query",
    "говори погромче": "volume_set",
    "сделай потише": "volume_set",
    "Что ты умеешь делать?": "capabilities_query",
    "поставь таймер на 10 минут": "timer_set",
}

CHINESE = {
    "你好,你今天怎么样?": "greeting",
    "早上好!": "greeting",
    "再见,明天见": "goodbye",
    "我要睡觉了": "goodbye",
    "非常感谢你的帮助": "gratitude",
    "好的,没问题": "affirm",
    "当然可以": "affirm",
    "不用了,谢谢": "deny",
    "现在不要": "deny",
    "别说了": "cancel",
    "算了吧": "cancel",
    "请再说一遍": "repeat",
    "不好意思,我没听清": "repeat",
    "现在几点了?": "time_query",
    "請問現在幾點": "time_query",
    "今天星期几?": "date_query",
    "声音大一点": "volume_set",
    "说话小声点": "volume_set",
    "你会做什么?": "capabilities_query",
    "设一个5分钟的计时器": "timer_set",
}

JAPANESE = {
    "こんにちは、元気ですか?": "greeting",
    "おはようございます": "greeting",
    "じゃあね、また明日": "goodbye",
    "もう寝るね": "goodbye",
    "手伝ってくれてありがとう": "gratitude",
    "はい、お願いします": "affirm",
    "もちろん": "affirm",
    "いいえ、結構です": "deny",
    "今はいいです": "deny",
    "静かにしてください": "cancel",
    "やめて": "cancel",
    "もう一度言ってください": "repeat",
    "すみません、聞き取れませんでした": "repeat",
    "今何時ですか?": "time_query",
    "ねえ、今何時?": "time_query",
    "今日は何曜日ですか?": "date_query",
    "もっと大きな声で話して": "volume_set",
    "音量を下げて": "volume_set",
    "何ができますか?": "capabilities_query",
    "5分のタイマーをセットして": "timer_set",
}

KOREAN = {
    "안녕, 잘 지냈어?": "greeting",
    "안녕하세요": "greeting",
    "잘 가, 내일 봐": "goodbye",
    "나 이제 자러 갈게": "goodbye",
    "도와줘서 정말 고마워": "gratitude",
    "네, 좋아요": "affirm",
    "물론이지": "affirm",
    "아니요, 괜찮아요": "deny",
    "지금은 안 돼": "deny",
    "조용히 해 줘": "cancel",
    "그만 말해": "cancel",
    "다시 한 번 말해 줘": "repeat",
    "미안, 못 들었어": "repeat",
    "지금 몇시야?": "time_query",
    "지금 몇 시인지 알려 줘": "time_query",
    "오늘 무슨 요일이야?": "date_query",
    "좀 더 크게 말해 줘": "volume_set",
    "소리 좀 줄여 줘": "volume_set",
    "뭘 할 수 있어?": "capabilities_query",
    "5분 타이머 맞춰 줘": "timer_set",
}

SENTENCES = {
    "es": SPANISH,
    "de": GERMAN,
    "fr": FRENCH,
    "it": ITALIAN,
    "pt": PORTUGUESE,
    "ru": RUSSIAN,
    "zh": CHINESE,
    "ja": JAPANESE,
    "ko": KOREAN,
}

CONVERSATION = {
    "es": [
        "A veces no sé qué hacer con mi vida",
        "¿a qué hora abre la biblioteca los sábados?",
        "mi padre llegó a las seis de la mañana",
        "en mi pueblo siempre hace mal tiempo y la gente se queja",
        "el despertador de mi hermana suena como un gallo",
        "me recuerda mucho a mi primer viaje",
        "mi gata se llama Luna",
        "¿cómo se llama esa flor amarilla?",
        "llámame esta tarde y lo hablamos",
        "no te olvides de tu chaqueta",
        "el volumen de ventas ha bajado este año",
        "¿cuántos idiomas se hablan en la India?",
        "quiero que pares a comprar fruta de camino",
        "mi tren se canceló por la nieve",
        "soy muy feliz",
        "soy de Valencia",
        "estoy pensando en mudarme a otra ciudad",
        "¿por qué los pájaros vuelan en forma de uve?",
        "ayer vimos una película de miedo",
        "me gustaría tener un huerto",
        "pásame la sal",
        "¿quién inventó el teléfono?",
        "hoy he discutido con mi hermano por una tontería",
        "mi abuelo contaba historias de la guerra",
    ],
    "de": [
        "Manchmal weiß ich nicht weiter",
        "Um wie viel Uhr öffnet die Bücherei am Samstag?",
        "mein Vater kam erst um sechs Uhr morgens heim",
        "bei uns im Dorf ist das Wetter immer ein Thema",
        "der Wecker meiner Schwester klingt wie ein Hahn",
        "das erinnert mich sehr an meine erste Reise",
        "meine Katze heißt Luna",
        "wie heißt diese gelbe Blume?",
        "ruf mich heute Nachmittag an",
        "vergiss deine Jacke nicht",
        "das Volumen der Bestellungen ist gesunken",
        "wie viele Sprachen spricht man in Indien?",
        "halt bitte an der Bäckerei, ich brauche Brot",
        "mein Zug ist wegen Schnee ausgefallen",
        "ich bin sehr glücklich",
        "ich bin aus Köln",
        "ich überlege, in eine andere Stadt zu ziehen",
        "warum fliegen Vögel in V-Form?",
        "gestern haben wir einen Gruselfilm gesehen",
        "ich hätte gern einen Gemüsegarten",
        "gib mir mal das Salz",
        "wer hat das Telefon erfunden?",
        "heute habe ich mich mit meinem Bruder gezankt",
        "mein Opa hat oft vom Krieg erzählt",
    ],
    "fr": [
        "Je voudrais apprendre le piano",
        "à quelle heure ouvre la bibliothèque ?",
        "mon frère habite à Lyon",
        "ma sœur a oublié son parapluie",
        "qui a inventé le téléphone ?",
        "hier on a vu un film d'horreur",
        "je suis très heureuse",
        "passe-moi le sel",
    ],
    "it": [
        "Vorrei imparare a suonare il pianoforte",
        "a che ora apre la biblioteca?",
        "mio fratello abita a Torino",
        "mia sorella ha dimenticato l'ombrello",
        "chi ha inventato il telefono?",
        "ieri abbiamo visto un film dell'orrore",
        "sono molto felice",
        "passami il sale",
    ],
    "pt": [
        "Eu queria aprender a tocar piano",
        "a que horas abre a biblioteca?",
        "o meu irmão mora no Porto",
        "a minha irmã esqueceu o guarda-chuva",
        "quem inventou o telefone?",
        "ontem vimos um filme de terror",
        "estou muito feliz",
        "me passa o sal",
    ],
    "ru": [
        "Я хотел бы научиться играть на пианино",
        "во сколько открывается библиотека?",
        "мой брат живёт в Казани",
        "сестра забыла зонтик",
        "кто изобрёл телефон?",
        "вчера мы смотрели фильм ужасов",
        "я очень счастлива",
        "передай соль",
    ],
    "zh": [
        "我想学弹钢琴",
        "图书馆几点开门?",
        "我哥哥住在上海",
        "我妹妹忘了带雨伞",
        "电话是谁发明的?",
        "昨天我们看了一部恐怖电影",
        "我非常幸福",
        "把盐递给我",
    ],
    "ja": [
        "ピアノを習いたい",
        "図書館は何時に開きますか?",
        "兄は大阪に住んでいます",
        "妹が傘を忘れました",
        "電話を発明したのは誰?",
        "昨日ホラー映画を見た",
        "とても幸せです",
        "塩を取って",
    ],
    "ko": [
        "피아노를 배우고 싶어",
        "도서관은 몇 시에 열어?",
        "형은 부산에 살아",
        "동생이 우산을 두고 왔어",
        "전화는 누가 발명했어?",
        "어제 공포 영화를 봤어",
        "나는 정말 행복해",
        "소금 좀 건네줘",
    ],
}

SLOTS: Mapping[str, Mapping[str, Mapping[str, SlotValue]]] = {
    "es": {
        "pon un temporizador de diez minutos": {"duration": 600.0},
        "ponme un temporizador de 5 minutos para la pasta": {"duration": 300.0, "name": "Pasta"},
        "despiértame mañana a las siete y media": {"date": "2026-05-05", "time": "07:30"},
        "despiértame todos los días a las 7 de la mañana": {"repeats": "daily", "time": "07:00"},
        "recuérdame en media hora sacar la basura": {"duration": 1800.0, "text": "sacar la basura"},
        "¿qué tiempo hará mañana en Sevilla?": {"date": "2026-05-05", "place": "Sevilla"},
        "¿cuántos días faltan para Navidad?": {"date": "2026-12-25", "count_days": True},
        "pon el volumen al 30 por ciento": {"level": 30},
        "pon el volumen al máximo": {"level": 100},
        "más alto": {"change": "up"},
        "habla más despacio": {"change": "down"},
        "a partir de ahora háblame en alemán": {"language": "de"},
        "me llamo Lucía": {"name": "Lucía"},
        "¿cuánto es siete por ocho?": {"expression": "siete por ocho"},
        "tira tres dados": {"count": 3},
        "lanza un dado de 20 caras": {"sides": 20},
        "¿cuánta batería te queda?": {"sensor": "battery"},
        "¿qué temperatura hace aquí dentro?": {"sensor": "temperature"},
        "recuerda que las llaves están en el cajón": {"text": "las llaves están en el cajón"},
    },
    "de": {
        "stell einen Timer auf zehn Minuten": {"duration": 600.0},
        "stell mir einen Timer auf 5 Minuten für die Pizza": {"duration": 300.0, "name": "Pizza"},
        "weck mich morgen um halb sieben": {"date": "2026-05-05", "time": "06:30"},
        "weck mich jeden Tag um 7 Uhr morgens": {"repeats": "daily", "time": "07:00"},
        "erinnere mich in einer halben Stunde an den Müll": {"duration": 1800.0, "text": "den Müll"},
        "wie wird das Wetter morgen in Hamburg?": {"date": "2026-05-05", "place": "Hamburg"},
        "wie viele Tage sind es noch bis Weihnachten?": {"date": "2026-12-25", "count_days": True},
        "stell die Lautstärke auf 30 Prozent": {"level": 30},
        "stell die Lautstärke auf Maximum": {"level": 100},
        "lauter": {"change": "up"},
        "sprich langsamer": {"change": "down"},
        "sprich ab jetzt spanisch": {"language": "es"},
        "ich heiße Lukas": {"name": "Lukas"},
        "was ist sieben mal acht?": {"expression": "sieben mal acht"},
        "wirf drei Würfel": {"count": 3},
        "wirf einen Würfel mit 20 Seiten": {"sides": 20},
        "wie voll ist dein Akku?": {"sensor": "battery"},
        "wie warm ist es hier im Zimmer?": {"sensor": "temperature"},
        "merk dir, dass der Schlüssel in der Schublade liegt": {"text": "der Schlüssel in der Schublade liegt"},
    },
}

GOING_ON = [
    ("es", "weather_query", "¿y mañana?", {"date": "2026-05-05"}),
    ("es", "weather_query", "¿y en Madrid?", {"place": "Madrid"}),
    ("es", "volume_set", "un poco más", {"change": "up"}),
    ("es", "timer_set", "mejor diez minutos", {"duration": 600.0}),
    ("de", "weather_query", "und morgen?", {"date": "2026-05-05"}),
    ("de", "weather_query", "und in Berlin?", {"place": "Berlin"}),
    ("de", "volume_set", "noch ein bisschen mehr", {"change": "up"}),
    ("de", "timer_set", "lieber zehn Minuten", {"duration": 600.0}),
]

WITHOUT_SPACES = [
    ("zh", "现在几点了", "现在 几点 了"),
    ("ja", "もう一度言ってください", "もう 一度 言って ください"),
    ("ko", "지금 몇시야", "지금몇 시 야"),
]


@pytest.fixture(scope="module")
def classifier() -> IntentClassifier:
    classifier = IntentClassifier.load(INTENTS, names=("Naila",), cache=CACHE)
    for language in classifier.languages:
        classifier.warm(language)
    return classifier


@pytest.fixture(scope="module")
def books() -> Mapping[str, Phrasebook]:
    return PhraseFiles(INTENTS).phrasebooks()


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [(language, text, intent) for language, sentences in SENTENCES.items() for text, intent in sentences.items()],
)
def test_what_people_say_in_their_language_is_understood(
    classifier: IntentClassifier, language: str, text: str, intent: str
) -> None:
    assert classifier.classify(text, language=language, now=MONDAY).name == intent


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language, texts in CONVERSATION.items() for text in texts]
)
def test_what_only_sounds_like_a_request_in_their_language_is_conversation(
    classifier: IntentClassifier, language: str, text: str
) -> None:
    assert classifier.classify(text, language=language, now=MONDAY).name == "conversation"


@pytest.mark.parametrize(
    ("language", "text", "slots"),
    [(language, text, slots) for language, texts in SLOTS.items() for text, slots in texts.items()],
)
def test_what_exactly_is_wanted_is_read_in_spanish_and_german(
    classifier: IntentClassifier, language: str, text: str, slots: Mapping[str, SlotValue]
) -> None:
    read = classifier.classify(text, language=language, now=MONDAY).slots

    assert {name: read.get(name) for name in slots} == slots


@pytest.mark.parametrize(("language", "intent", "text", "slots"), GOING_ON)
def test_an_answer_is_gone_on_from_in_spanish_and_german(
    classifier: IntentClassifier, language: str, intent: str, text: str, slots: Mapping[str, SlotValue]
) -> None:
    going_on = classifier.classify(text, language=language, context=Context(intent), now=MONDAY)

    assert (going_on.name, going_on.slots) == (intent, slots)


@pytest.mark.parametrize("text", SPANISH)
def test_spanish_is_understood_without_its_accents(classifier: IntentClassifier, text: str) -> None:
    assert classifier.classify(without_accents(text), language="es", now=MONDAY).name == SPANISH[text]


@pytest.mark.parametrize("text", GERMAN)
def test_german_is_understood_with_its_umlauts_written_out(classifier: IntentClassifier, text: str) -> None:
    assert classifier.classify(text.translate(WRITTEN_OUT), language="de", now=MONDAY).name == GERMAN[text]


@pytest.mark.parametrize(("language", "text", "spaced"), WITHOUT_SPACES)
def test_it_does_not_matter_where_spaces_are_put_in_chinese_japanese_and_korean(
    classifier: IntentClassifier, language: str, text: str, spaced: str
) -> None:
    without = classifier.classify(text, language=language, now=MONDAY)

    assert without.rule not in {"", "classifier"}
    assert classifier.classify(spaced, language=language, now=MONDAY).name == without.name


@pytest.mark.parametrize("language", SENTENCES)
def test_every_phrase_without_slots_is_taken_for_its_own_intent(
    classifier: IntentClassifier, books: Mapping[str, Phrasebook], language: str
) -> None:
    book = books[language]
    phrases = [(group, phrase) for group in book.groups for phrase in group.phrases]
    drawn = {
        sample.phrase: " ".join(sample.words)
        for sample in Sampler(book, Words(book.spellings)).draw()
        if "{" not in phrases[sample.phrase][1]
    }
    mistaken = {
        text: taken
        for number, text in drawn.items()
        if (taken := classifier.classify(text, language=language, now=MONDAY).name) != phrases[number][0].intent
    }

    assert len(drawn) > 100
    assert mistaken == {}


@pytest.mark.parametrize("language", ["es", "de"])
def test_skills_say_in_spanish_and_german_all_that_they_say_in_english(language: str) -> None:
    english = list(SAYINGS.glob("en*.toml"))

    assert english
    for path in english:
        translated = SAYINGS / path.name.replace("en", language, 1)
        assert placeholders(translated) == placeholders(path), translated


def placeholders(path: Path) -> dict[str, set[str]]:
    """The placeholders of each saying of a file, by its key."""
    return {
        key: {name for wording in wordings for name in Template(wording).get_identifiers()}
        for key, wordings in flat(tomllib.loads(path.read_text(encoding="utf-8")))
    }


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", [value] if isinstance(value, str) else value


def without_accents(text: str) -> str:
    """As people type who do not look for the accents; ñ is a letter of its own."""
    marks = {0x301: None, 0x308: None}
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(marks))
