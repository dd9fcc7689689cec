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
