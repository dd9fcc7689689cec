"""What people say, by how they feel: 150 sentences in English, labelled by hand, and a few in each other language."""

from __future__ import annotations

# ruff: noqa: RUF001

ENGLISH = {
    "happy": """
        I'm so happy today!
        guess who passed the driving test, me!
        I got the job, I really got it
        we're going to the seaside tomorrow and I can't wait
        yay, grandma is coming over
        this is the best day ever
        I feel wonderful this morning
        my team won the championship
        I'm really excited about the concert
        that was so much fun, let's do it again
        she said yes!
        I love you, little robot
        I am proud of my daughter
        I've never felt better
        we're having a baby
        haha, you are hilarious
        I had a lovely day at the zoo
        it works! it finally works!
        I am in a great mood
        good news everyone, I got promoted
        thanks a million, you made my day
        I'm glad you are here
        my brother is finally coming home
        I did it, I solved the puzzle
        what a beautiful day
        I just won the chess game :)
        """,
    "sad": """
        my dog died this morning
        I feel so lonely
        I'm not happy at all
        nobody wants to play with me
        I failed my maths exam
        I miss my mom
        my girlfriend left me
        I lost my job yesterday
        I had a terrible day at school
        I don't feel good
        I'm worried about my father
        I've been crying all night
        everything went wrong today
        I'm a bit sad
        the doctor gave me bad news and I am scared
        we broke up last week
        my best friend is moving away and I will miss her
        my heart is broken
        I feel like a failure
        life is so hard sometimes
        grandpa is in hospital and it doesn't look good
        I have no friends
        the other kids laughed at me
        I wish my cat was still here
        I am really disappointed
        this makes me so sad :(
        """,
    "angry": """
        I'm so angry right now
        shut up you stupid machine
        leave me alone
        you never listen to me
        this is driving me crazy
        I hate you
        I am sick and tired of waiting
        somebody stole my bike
        what the hell is wrong with you
        this is totally unacceptable
        stop it already!
        my boss yelled at me in front of everyone and I'm furious
        you are completely useless
        damn it, the printer is jammed again
        I've had enough of this
        how dare you
        are you kidding me
        he lied to me again
        that noise pisses me off
        ugh, I told you a thousand times
        I hate it when people are late
        I am annoyed with my neighbour
        this is so unfair!
        """,
    "surprised": """
        wow, I didn't know you could do that
        oh my god, look at that
        I can't believe it
        no way!
        I did not expect that
        you're kidding, right?
        what a surprise
        I'm shocked
        whoa, where did that come from
        really? seriously?
        I had no idea you could sing
        omg there is an elephant in the garden
        who would have thought
        I never saw that coming
        holy cow
        """,
    "none": """
        the battery is dead
        happy birthday
        what time is it
        turn left and go straight ahead
        do you like happy music
        how are you feeling today
        are you sad
        tell me a sad story
        my phone died
        not bad
        I'm fine thanks
        the dog is in the garden
        I'm not angry
        play an angry song
        what does furious mean
        is it going to rain tomorrow
        I'm afraid I can't come tonight
        if I am sad I listen to music
        he is happy with his car
        it's a lost cause
        my name is Sad Sam
        could you turn the volume down
        I'm sorry
        I went to the market today
        my sister has a new bike
        good morning
        good night
        thank you
        see you tomorrow
        I like pizza
        do you love me
        the movie was about a dead king
        the plant in the kitchen died
        what makes people happy
        who won the game last night
        I am ten years old
        I'm from Berlin
        set a timer for ten minutes
        how do I get rid of a headache
        my father works at a hospital
        can you cry
        sing happy birthday
        did you miss me
        I missed the bus
        I'm on my way home
        never mind
        stop
        no
        I'm hungry
        I'm a little tired
        okay, let's go
        that's okay
        tell me something surprising
        what's the funniest joke you know
        the sad truth is that it costs money
        I lost my keys
        I would be happy to help
        how mad is the hatter
        what a lot of books you have
        can you come here when I call you
        """,
}
"""By feeling, `none` for those that tell none: a sentence a line."""


def lines(text: str) -> list[str]:
    """The lines of an indented block."""
    return [line.strip() for line in text.strip().splitlines()]


OTHERS = {
    "de": """
        happy|Ich bin so glücklich heute!
        happy|Ich habe die Prüfung bestanden
        happy|Ich freue mich riesig auf morgen
        sad|Mein Hund ist gestern gestorben
        sad|mir geht es nicht gut
        sad|Ich fühle mich so einsam
        angry|Ich bin stinksauer
        angry|lass mich in Ruhe
        angry|das nervt total
        surprised|wow, das hätte ich nicht gedacht
        surprised|das gibt es doch nicht
        none|der Akku ist leer
        none|alles Gute zum Geburtstag
        none|wie spät ist es
        none|bist du traurig
        none|nicht schlecht
        """,
    "es": """
        happy|Estoy muy feliz hoy
        happy|¡Gané el partido!
        happy|te quiero mucho
        sad|Mi perro murió ayer
        sad|me siento muy solo
        sad|no estoy bien
        angry|estoy furioso
        angry|déjame en paz
        angry|¡cállate ya!
        surprised|¡no me lo creo!
        surprised|qué sorpresa
        none|la batería está muerta
        none|feliz cumpleaños
        none|qué hora es
        none|estás triste
        none|lo siento
        """,
    "fr": """
        happy|Je suis tellement heureuse aujourd'hui
        happy|j'ai réussi mon examen
        happy|je t'aime
        sad|mon chien est mort hier
        sad|je me sens seul
        sad|je ne suis pas bien
        angry|je suis furieux
        angry|laisse-moi tranquille
        angry|tu m'énerves
        surprised|oh là là, je n'y crois pas
        surprised|quelle surprise
        none|la batterie est morte
        none|joyeux anniversaire
        none|quelle heure est-il
        none|tu es triste
        none|pas mal
        """,
    "it": """
        happy|sono felicissimo oggi
        happy|ho superato l'esame
        happy|ti voglio bene
        sad|il mio cane è morto
        sad|mi sento molto sola
        sad|non sto bene
        angry|sono davvero arrabbiato
        angry|lasciami in pace
        angry|ne ho abbastanza
        surprised|non ci posso credere
        surprised|che sorpresa
        none|la batteria è morta
        none|buon compleanno
        none|che ore sono
        none|sei triste
        none|mi dispiace
        """,
    "pt": """
        happy|estou muito feliz hoje
        happy|passei na prova
        happy|eu te amo
        sad|meu cachorro morreu ontem
        sad|me sinto tão sozinha
        sad|não estou bem
        angry|estou com muita raiva
        angry|me deixa em paz
        angry|cala a boca
        surprised|não acredito
        surprised|que surpresa
        none|a bateria morreu
        none|feliz aniversário
        none|que horas são
        none|você está triste
        none|nada mal
        """,
    "ru": """
        happy|я так счастлива сегодня
        happy|ура, я сдал экзамен
        happy|я тебя люблю
        sad|моя собака умерла вчера
        sad|мне очень одиноко
        sad|мне грустно
        angry|я в ярости
        angry|оставь меня в покое
        angry|ты меня бесишь
        surprised|ничего себе
        surprised|не может быть
        none|батарея разряжена
        none|с днём рождения
        none|который час
        none|тебе грустно
        none|неплохо
        """,
    "zh": """
        happy|我今天真的很开心
        happy|太好了，我考试通过了
        happy|我爱你
        sad|我的狗昨天死了
        sad|我很难过
        sad|我不开心
        angry|我很生气
        angry|闭嘴
        angry|气死我了
        surprised|天哪
        surprised|我真没想到
        none|电池没电了
        none|生日快乐
        none|现在几点了
        none|你难过吗
        none|还行
        """,
    "ja": """
        happy|とても嬉しいです
        happy|やった、合格した
        happy|今日は楽しかった
        sad|犬が昨日死んだ
        sad|とても寂しい
        sad|すごく落ち込んでいる
        angry|腹が立つ
        angry|ふざけるな
        angry|もううんざり
        surprised|びっくりした
        surprised|信じられない
        none|電池が切れた
        none|誕生日おめでとう
        none|今何時ですか
        none|悲しくない
        none|悪くない
        """,
    "ko": """
        happy|정말 행복해요
        happy|시험에 합격했어
        happy|오늘 너무 신나
        sad|강아지가 어제 죽었어
        sad|너무 외로워
        sad|오늘 정말 힘들었어
        angry|너무 화가 나
        angry|짜증나
        angry|좀 내버려 둬
        surprised|깜짝 놀랐어
        surprised|믿을 수 없어
        none|배터리가 없어
        none|생일 축하해
        none|지금 몇 시야
        none|나쁘지 않아
        none|괜찮아
        """,
}
"""By language, then by feeling, as in `ENGLISH`."""
