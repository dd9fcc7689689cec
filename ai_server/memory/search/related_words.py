"""What people say in place of a word of their question, by language (the primary subtag of BCP 47)."""

from __future__ import annotations

SYNONYMS = {
    "en": """
        mum mom mother mummy mommy mama
        dad father daddy papa
        grandma grandmother granny gran nan nana
        grandpa grandfather grandad granddad
        wife husband spouse partner
        son boy
        daughter girl
        kid child
        brother sister sibling
        baby infant newborn
        boyfriend girlfriend fiance
        friend buddy mate pal
        boss manager supervisor chief
        colleague coworker workmate
        car auto automobile vehicle
        bike bicycle cycle
        bus coach
        plane aeroplane airplane flight
        train railway
        holiday vacation trip
        movie film
        tv television telly
        sofa couch settee
        rubbish trash garbage bin waste
        cupboard closet wardrobe
        flat apartment
        house home
        shop store supermarket market
        phone mobile smartphone telephone
        laptop computer
        password passcode pin code
        wifi internet wireless network router
        medicine medication pill tablet drug
        doctor physician gp
        ill sick unwell
        hurt pain ache injury injured
        sad upset unhappy miserable
        happy glad pleased joy
        angry mad furious annoyed
        afraid scared fear frightened terrified terrify
        love adore
        like enjoy prefer favourite favorite
        hate dislike detest loathe
        begin start
        finish end
        buy purchase
        repair fix mend
        lend borrow
        gift present
        dinner supper
        dessert pudding sweet
        job profession occupation work career
        money cash
        price cost pay
        city town village
        street road avenue lane
        photo picture photograph
        jumper sweater pullover
        trousers pants jeans
        glasses spectacles
        garden yard
        autumn fall
        football soccer
        exam test
        teacher tutor
        university college
        study learn
        meet meeting appointment
        reserve book reservation booking
        quit stop
        marry married wedding
        call name
        colour color
        torch flashlight
        tap faucet
        lift elevator
        nappy diaper
        biscuit cookie
        crisps chips fries
        lorry truck
        postman mailman
        rug carpet
        basement cellar
        loft attic
        cooker stove oven
        hob stove
        """,
    "de": """
        mama mutter mutti
        papa vater vati
        oma großmutter omi
        opa großvater opi
        auto wagen
        handy telefon smartphone
        fahrrad rad
        sofa couch
        fernseher tv
        arzt doktor
        medikament tablette medizin pille
        urlaub ferien reise
        müll abfall
        arbeit job beruf
        geschenk präsent
        brille gläser
        keller untergeschoss
        samstag sonnabend
        """,
    "es": """
        mamá madre
        papá padre
        abuela abuelita
        abuelo abuelito
        coche carro auto
        móvil celular teléfono
        ordenador computadora
        gafas lentes
        medicina medicamento pastilla
        trabajo empleo
        vacaciones viaje
        basura residuos
        sofá sillón
        """,
}
"""Words of one line mean much the same where somebody asks for what was said."""

ANSWERED_BY = {
    "en": """
        address: live street road avenue move
        live: address street moved home from
        home: live address
        born: birthplace birth grew from
        birthday: born birth turned
        old: age born turned years
        age: old born turned years
        anniversary: married wedding
        work: job employer company office boss
        job: work employer company office
        boss: work office
        eat: allergic allergy intolerant vegetarian vegan diet gluten dairy meat
        food: allergic allergy intolerant vegetarian vegan eat taste cook
        drink: coffee tea juice water wine beer milk lactose dairy
        milk: lactose dairy
        bread: gluten
        vegetarian: meat vegan
        meat: vegetarian vegan
        hate: stand dislike
        dislike: stand hate
        hobby: spare free weekend collect build
        instrument: piano guitar violin cello flute drum trumpet saxophone clarinet harp lesson
        language: english french german spanish italian portuguese chinese japanese russian arabic polish dutch
        sport: football tennis swim run cycle basketball volleyball climb ski
        team: fan club support
        support: fan
        book: novel author chapter
        read: novel book
        movie: cinema watch
        music: song band listen
        car: drive
        park: car garage level spot
        parked: car garage level spot
        pet: dog cat hamster rabbit goldfish parrot
        animal: dog cat hamster rabbit horse
        vet: animal pet dog cat
        breed: terrier poodle labrador shepherd retriever spaniel
        medicine: ibuprofen aspirin paracetamol antibiotic prescription prescribe dose
        doctor: hospital clinic prescription dentist
        dentist: tooth
        eye: optician glasses
        hair: hairdresser barber haircut
        smoke: cigarette
        smoking: cigarette
        tall: metre meter centimetre feet height
        height: tall metre meter centimetre feet
        weigh: kilo kilogram pound stone weight
        weight: kilo kilogram pound weigh
        study: degree course lesson
        university: degree studied graduate
        school: class teacher pupil
        holiday: summer beach hotel travel flight
        travel: flight trip train hotel
        going: trip travel
        hotel: room stay
        neighbour: door
        neighbor: door
        rubbish: collection
        heating: radiator boiler
        noise: loud knock rattle hum bang
        wrong: broken leak fault damaged stuck
        broken: leak repair stuck
        win: beat won lost
        winner: beat won
        sad: died lost cry awful terrible lonely
        cry: sad died lost
        sick: fever cold flu cough doctor
        afraid: spider dark height
        wear: size
        size: large small medium
        wake: alarm
        sleep: bed night
        cost: paid euro dollar pound price
        expensive: paid cost price
        plan: going want weekend tomorrow
        recipe: cook bake cup flour oven butter
        cook: recipe oven pan
        phone: number call
        number: phone code
        married: husband wife wedding
        family: brother sister mother father son daughter
        """,
}
"""Before the colon a word of a question, after it words that its answer is often given with."""

_TIME = {
    "en": """
        monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
        september october november december spring summer autumn winter morning noon afternoon evening night midnight
        today tomorrow yesterday weekend half quarter past week month year first second third fourth fifth sixth
        seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth
        nineteenth twentieth thirtieth one two three four five six seven eight nine ten eleven twelve
        mondays tuesdays wednesdays thursdays fridays saturdays sundays clock
        """,
    "de": """
        montag montags dienstag dienstags mittwoch mittwochs donnerstag donnerstags freitag freitags samstag
        samstags sonntag sonntags januar februar märz april mai juni juli
        august september oktober november dezember frühling sommer herbst winter morgen morgens mittag mittags
        nachmittag nachmittags
        abend abends nacht nachts heute gestern wochenende uhr halb viertel woche monat jahr ersten zweiten dritten
        vierten fünften
        sechsten siebten achten neunten zehnten elften zwölften zwanzigsten dreißigsten eins zwei drei vier fünf sechs
        sieben acht neun zehn elf zwölf
        """,
    "es": """
        lunes martes miércoles jueves viernes sábado sábados domingo domingos enero febrero marzo abril mayo junio
        julio agosto
        septiembre octubre noviembre diciembre primavera verano otoño invierno mañana tarde noche mediodía hoy ayer
        semana mes año uno dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta
        """,
}
"""Words of times and days; digits do as well."""

_NUMBER = {
    "en": """
        one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half once twice
        """,
    "de": """
        eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn
        sechzehn siebzehn achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert
        tausend million halb
        einmal zweimal
        """,
    "es": """
        uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta
        cincuenta sesenta setenta ochenta noventa cien mil millón medio
        """,
}
"""Words of numbers; digits do as well."""

_NAME = {
    "en": "called named name lady woman man mr mrs ms dr",
    "de": "heißt heiße name namens frau herr dr",
    "es": "llama llamo nombre señora señor",
}
"""Words that come with names."""

ANSWERS = {
    "en": {
        r"\bwhen\b|\b(?:what|which) (?:time|day|date|month|year)\b": _TIME["en"],
        r"\bhow (?:much|many|old|tall|big|long|far|often|heavy|high)\b|\b(?:number|size|code|temperature|price)\b": (
            _NUMBER["en"]
        ),
        r"^who\b|\b(?:name|called)\b": _NAME["en"],
    },
    "de": {
        r"\bwann\b|\bum wie ?viel uhr\b|\ban welchem tag\b": _TIME["de"],
        r"\bwie ?(?:viele?|alt|groß|lang|weit|oft|schwer|hoch)\b|\bnummer\b": _NUMBER["de"],
        r"^wer\b|\b(?:name|heißt)\b": _NAME["de"],
    },
    "es": {
        r"\bcuándo\b|\bqué (?:hora|día)\b": _TIME["es"],
        r"\bcuánt[oa]s?\b|\bnúmero\b": _NUMBER["es"],
        r"^quién\b|\b(?:nombre|llama)\b": _NAME["es"],
    },
}
"""By language: regular expressions of questions, with the words of which an answer to such a question has one."""
