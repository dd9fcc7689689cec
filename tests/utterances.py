"""What people say to a robot, twenty short utterances in each of ten languages."""

from __future__ import annotations

# ruff: noqa: RUF001

UTTERANCES = {
    "en": """
        hello there
        how are you today
        what time is it
        good night, little robot
        can you hear me
        I had a terrible day
        please stop
        turn around and come here
        what do you see
        thank you very much
        tell me a joke
        I don't know what to do
        my sister is coming tomorrow
        is it raining outside
        let's play a game
        that was funny
        where are my keys
        you are so cute
        what's your name
        never mind
        """,
    "de": """
        hallo zusammen
        wie geht es dir heute
        wie spät ist es
        gute Nacht, kleiner Roboter
        kannst du mich hören
        ich hatte einen schlimmen Tag
        bitte hör auf
        dreh dich um und komm her
        was siehst du
        vielen Dank
        erzähl mir einen Witz
        ich weiß nicht weiter
        meine Schwester kommt morgen
        regnet es draußen
        lass uns spielen
        das war lustig
        wo ist mein Schlüssel
        du bist so süß
        wie heißt du
        schon gut
        """,
    "es": """
        buenos días
        cómo estás hoy
        qué hora es
        buenas noches, robot
        me puedes oír
        he tenido un día horrible
        para, por favor
        date la vuelta y ven aquí
        qué ves ahora
        muchas gracias
        cuéntame un chiste
        no sé qué hacer
        mi hermana llega mañana
        está lloviendo fuera
        vamos a jugar
        eso fue divertido
        dónde están mis llaves
        eres muy bonito
        cómo te llamas
        no importa
        """,
    "fr": """
        bonjour mon ami
        comment vas-tu aujourd'hui
        quelle heure est-il
        bonne nuit, petit robot
        tu m'entends
        j'ai passé une journée horrible
        arrête, s'il te plaît
        tourne-toi et viens ici
        qu'est-ce que tu vois
        merci beaucoup
        raconte-moi une blague
        je ne sais pas quoi faire
        ma sœur arrive demain
        il pleut dehors
        on joue ensemble
        c'était drôle
        où sont mes clés
        tu es trop mignon
        comment tu t'appelles
        ce n'est pas grave
        """,
    "it": """
        buongiorno a tutti
        come stai oggi
        che ore sono
        buonanotte, piccolo robot
        mi senti
        ho avuto una giornata terribile
        fermati per favore
        girati e vieni qui
        che cosa vedi
        grazie mille
        raccontami una barzelletta
        non so che cosa fare
        mia sorella arriva domani
        sta piovendo fuori
        giochiamo insieme
        è stato divertente
        dove sono le mie chiavi
        sei proprio carino
        come ti chiami
        non fa niente
        """,
    "pt": """
        bom dia
        como você está hoje
        que horas são
        boa noite, robozinho
        você consegue me ouvir
        tive um dia horrível
        pare, por favor
        vire e venha aqui
        o que você está vendo
        muito obrigado
        conta uma piada
        não sei o que fazer
        minha irmã chega amanhã
        está chovendo lá fora
        vamos brincar
        isso foi engraçado
        onde estão minhas chaves
        você é tão fofo
        como você se chama
        não faz mal
        """,
    "ru": """
        привет
        как у тебя дела
        который час
        спокойной ночи, робот
        ты меня слышишь
        у меня был ужасный день
        остановись, пожалуйста
        повернись и иди сюда
        что ты видишь
        большое спасибо
        расскажи анекдот
        я не знаю, что делать
        моя сестра приедет завтра
        на улице идёт дождь
        давай поиграем
        это было смешно
        где мои ключи
        ты такой милый
        как тебя зовут
        ничего страшного
        """,
    "zh": """
        你好
        你今天怎么样
        现在几点了
        晚安，小机器人
        你能听见我吗
        我今天过得很糟糕
        请停下来
        转过来，到这里来
        你看到了什么
        非常感谢
        讲个笑话吧
        我不知道该怎么办
        我妹妹明天来
        外面在下雨吗
        我们来玩游戏吧
        真好笑
        我的钥匙在哪里
        你真可爱
        你叫什么名字
        没关系
        """,
    "ja": """
        こんにちは
        今日は元気ですか
        今何時
        おやすみ、ロボットくん
        聞こえますか
        今日は最悪の一日だった
        止まってください
        こっちに来て
        何が見える
        どうもありがとう
        冗談を言って
        どうしたらいいかわからない
        明日妹が来るよ
        外は雨ですか
        一緒に遊ぼう
        面白かった
        鍵はどこ
        かわいいね
        名前は何ですか
        大丈夫だよ
        """,
    "ko": """
        안녕하세요
        오늘 기분이 어때
        지금 몇 시야
        잘 자, 꼬마 로봇
        내 말 들려
        오늘 정말 힘들었어
        제발 멈춰
        돌아서 이리 와
        뭐가 보여
        정말 고마워
        농담 하나 해 줘
        어떻게 해야 할지 모르겠어
        내일 여동생이 와
        밖에 비가 오니
        같이 놀자
        재미있었어
        내 열쇠가 어디 있지
        너 정말 귀엽다
        이름이 뭐야
        괜찮아
        """,
}
"""By language: a primary tag of BCP 47, then an utterance a line."""


def utterances() -> list[tuple[str, str]]:
    """Each language with each of its utterances."""
    return [(language, line.strip()) for language, lines in UTTERANCES.items() for line in lines.strip().splitlines()]
