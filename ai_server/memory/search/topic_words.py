"""What everyday words are about, by language (the primary subtag of BCP 47): a question asks for a topic, a text tells of it."""

from __future__ import annotations

# ruff: noqa: E501

TOPICS = {
    "en": """
        # where somebody lives
        live home address residence / moved move street avenue road lane flat apartment house village town city floor storey settled neighbourhood district suburb rent grew_up countryside cottage bungalow
        born birthplace hometown childhood grow_up grew_up come_from roots / born birth raised village town childhood grew_up came_into_the_world come_from native country hospital
        rent landlord landlady lease / rent landlord landlady lease flat apartment owner tenant deposit contract euro pay
        neighbour neighbor next_door / neighbour neighbor next_door upstairs downstairs across_the_street moved door floor building fence
        mortgage house_price property / mortgage loan house land property bought bank interest
        room place / kitchen bathroom bedroom living_room hall hallway attic loft cellar basement garage pantry study nursery balcony terrace porch shed garden corridor stairs
        put keep hide hid hidden store stored leave left lay stash / drawer cupboard shelf wardrobe closet cabinet box basket bag backpack pocket desk table bed pillow mattress sofa window sill door hook nail rack tray jar tin vase safe chest folder bowl bookcase bookshelf counter corner behind under underneath beneath beside next_to top hangs keep put lies stands hid hidden
        spare second extra backup / spare second extra another duplicate replacement reserve backup
        furniture / sofa couch armchair chair table desk bed wardrobe cupboard shelf bookcase lamp carpet rug mattress stool bench dresser
        decorate paint wall colour / paint painted wallpaper wall colour red blue green yellow white black grey gray pink purple orange brown beige turquoise violet
        colour color / red blue green yellow white black grey gray pink purple orange brown beige turquoise violet golden silver crimson navy lilac
        heating heater radiator warm temperature / boiler radiator heating heater thermostat furnace stove degrees warm chilly gas
        electricity power light / electricity fuse bulb socket switch current meter wire cable electrician outage blackout
        plumbing water pipe leak / plumber tap pipe leak drip drain toilet sink shower bathtub flood burst water valve
        clean cleaning housework chores / clean cleaned vacuum dust mop sweep wash washing laundry iron ironing dishes tidy scrub polish cleaner broom
        laundry wash clothes / laundry washing machine dryer detergent iron stain spin
        rubbish trash garbage bin waste recycling / rubbish trash garbage bin waste recycling collection truck collected compost
        appliance machine kitchen broke broken work working defect / dishwasher fridge refrigerator freezer oven stove cooker microwave toaster kettle blender mixer washing machine dryer vacuum boiler broke broken kaput stopped_working does_not_work out_of_order defective dead cracked leak
        broken broke break wrong damage damaged problem fault / broke broken crack cracked smashed torn damage damaged defective stopped_working does_not_work out_of_order stuck jammed leak leaks noise shattered ruined scratched dent bent
        repair fix fixed mend repaired service serviced mechanic / repair repaired fix fixed mend mended technician mechanic workshop replaced changed exchanged serviced spare part plumber electrician handyman craftsman carpenter
        craftsman handyman tradesman / plumber electrician carpenter joiner roofer painter mason bricklayer tiler locksmith glazier handyman chimney
        tool / hammer screwdriver drill saw pliers wrench spanner ladder nail screw axe spade shovel rake toolbox
        garden plant grow planted flower vegetable sow / garden planted plant sow seed seeds tomato carrot lettuce potato bean pea pumpkin cucumber pepper radish onion herb basil parsley mint rose tulip daffodil sunflower lily orchid tree hedge bush lawn grass weed greenhouse compost bed row harvest cactus fern ivy strawberry raspberry apple
        water watering / water watered watering pour spray moist
        flower / rose tulip lily daisy orchid sunflower daffodil carnation violet poppy lavender bouquet blossom peony geranium
        tree / oak birch pine fir maple beech willow chestnut apple cherry pear lime linden elm
        alarm lock burglar security safe / alarm lock locked burglar thief camera bolt chain safe door code
        key keys / key keys lock keyring
        password passcode pin code login combination unlock secret / password passcode pin code login combination unlock open type enter press digits letters
        wifi internet network online / wifi internet router network password wireless provider broadband modem

        # work and money
        work job profession occupation living career employed employer do_for / job work working worked employed hired baker butcher teacher nurse doctor engineer lawyer driver cook chef waiter waitress carpenter plumber electrician mechanic farmer gardener policeman policewoman firefighter soldier pilot programmer developer accountant secretary clerk manager salesman saleswoman cashier hairdresser tailor painter architect scientist researcher journalist writer author actor musician librarian pharmacist dentist vet surgeon judge builder mason welder miner fisherman postman cleaner caretaker janitor therapist psychologist midwife translator editor designer photographer banker broker consultant professor lecturer office factory company firm shop bank mill plant shift apprentice trainee apprenticeship self_employed freelance freelancer run drive drives railway trade boss colleagues earn own_a retired
        retired retire retirement pension / retired retire pension pensioner used_to_work years career
        boss manager supervisor chief / boss manager supervisor chief director head superior department team_leader
        colleague coworker workmate team / colleague coworker workmate team desk office department project intern
        company employer office firm / company firm office factory employer headquarters branch business employed plant mill bank agency
        interview application apply hire hired / interview application applied hire hired job offer contract company start position cv
        wage salary earn paid income paycheck get_paid / salary wage wages paid pay paycheck earn income euro dollar pound month account raise bonus transfer
        raise promotion promoted / raise promotion promoted salary higher position
        day_off vacation leave time_off days_off / days_off day_off vacation leave holiday approved boss manager free
        money savings save saved cash / money savings save saved account bank cash wallet purse piggy euro euros dollar dollars pound pounds deposit deposited invest invested shares stocks funds bonds
        bank account / bank account iban card credit transfer loan branch
        cost costs price expensive cheap pay paid spend spent much / cost costs price paid pay spent euro euros dollar dollars pound pounds cents expensive cheap bargain discount sale hundred thousand
        debt owe owes lend lent borrow borrowed / owe owes lend lent borrow borrowed loan debt pay_back back returned gave give until for_the_weekend
        insurance / insurance policy insured premium claim cover liability
        parcel package delivery post / parcel package delivery delivered courier postman post_office tracking sent arrives
        tax taxes / tax taxes adviser advisor accountant declaration refund return office
        bill bills invoice / bill bills invoice pay paid due electricity gas phone rent
        shopping buy bought purchase get got order ordered / bought buy purchased ordered order got shop store supermarket market basket list cart delivered parcel
        shop store supermarket grocery / shop store supermarket market grocery grocer bakery butcher mall baker checkout
        win won winner beat game / won win beat defeated lost first_place medal trophy champion prize score
        prize lottery / prize lottery raffle won jackpot ticket

        # kin and people
        wife husband spouse partner married / wife husband spouse partner married wedding
        married marry wedding marriage bride groom engaged engagement / married marry marries wedding bride groom engaged engagement ring proposed ceremony fiance fiancee honeymoon silver_wedding anniversary
        anniversary / anniversary wedding married years together
        mother mum mom mama / mother mum mom mama mummy
        parents / mother father mum mom dad parents
        grandparents / grandmother grandfather grandma grandpa granny grandad oma opa
        siblings brother sister brothers sisters / brother sister brothers sisters sibling siblings twin twins elder younger only_child
        child children kid kids son daughter offspring / child children kid kids son daughter boy girl baby twins toddler schoolboy schoolgirl
        grandchild grandchildren grandson granddaughter / grandchild grandchildren grandson granddaughter
        uncle aunt cousin nephew niece relative relatives family / uncle aunt auntie cousin nephew niece relative relatives family godfather godmother godchild in_law father_in_law mother_in_law brother_in_law sister_in_law
        friend friends buddy mate pal close best_friend / friend friends buddy mate pal close known_each_other know_each_other kindergarten school years trust
        boyfriend girlfriend dating date love relationship / boyfriend girlfriend dating date love relationship together kissed couple split broke_up in_love crush
        divorce divorced separated split / divorce divorced separated split broke_up ex alone
        baby pregnant birth expecting / baby pregnant birth expecting born due weeks newborn midwife cradle diaper
        name called call named / name called named call nickname christened known_as
        babysitter look_after looking_after childcare care nanny watch_the / babysitter nanny childminder look_after looks_after looking_after care watch_the kindergarten daycare sits
        visit visiting visitor guest guests come_over coming stay staying / visit visiting visits guest guests invited comes_over come_over coming arrives arrive arriving stay stays staying weekend drop_by round
        invite invited party guests celebrate celebration / invite invited party guests celebrate celebration celebrating cake balloons feast barbecue
        birthday born age old turn / birthday born turned turns age years old th
        old age young / old age years turned turns turning born year months
        die died dead death pass_away passed_away funeral lose buried / die died dead death passed_away funeral buried grave cemetery heart_attack cancer lost late
        gift present give gave given birthday christmas surprise / gift present gave given give got wrapped surprise voucher necklace ring bracelet earrings watch perfume flowers chocolates book toy bought inherited
        inherit inherited heirloom gave got_from / inherited inherit heirloom left_me handed_down belonged will keepsake
        wish want wants hope dream_of wants_for / wish wishes wished want wants hope hopes would_like longs dreams_of looking_forward
        plan plans going intend intention resolution goal want_to / plan plans planning intend resolution goal want_to going_to decided wants_to hope_to aim
        promise promised / promise promised swear swore word
        argue argued quarrel fight fell_out row / argue argued quarrel quarrelled fight fought fell_out row shouted offended apologised apologized
        meet met know_each_other / met meet introduced first_time bumped_into got_to_know
        phone number call reach contact / phone number call reach contact mobile telephone ring dial area_code
        email mail write letter / email mail letter postcard wrote write stamp envelope post
        neighbour_noise noise loud noisy / loud noise noisy music bang knock party shouting barking drilling hammering quiet snores

        # pets and animals
        pet pets animal animals / dog puppy cat kitten hamster rabbit bunny goldfish fish parrot budgie canary bird guinea_pig turtle tortoise snake lizard horse pony chicken hen goat sheep donkey mouse rat ferret duck hedgehog terrier poodle labrador dachshund beagle retriever collie spaniel bulldog boxer husky persian siamese tabby tomcat pug chihuahua
        dog puppy / dog puppy terrier poodle labrador dachshund beagle retriever collie spaniel bulldog boxer husky pug chihuahua barks leash walkies shepherd
        cat kitten / cat kitten tomcat tabby persian siamese purrs meows litter
        fish goldfish aquarium / fish goldfish aquarium bowl guppy
        bird birds parrot / bird parrot budgie canary sparrow robin crow owl cage feathers nest
        breed / terrier poodle labrador dachshund beagle retriever collie spaniel bulldog boxer husky pug shepherd persian siamese tabby mix crossbreed mongrel
        vet veterinarian animal_doctor / dr vet veterinarian animal_doctor vaccinated vaccination neutered animal animals dog cat shot
        feed food pet_food / feed fed food kibble treats hay bone tuna

        # food and drink
        eat food diet allowed / eat eats ate eating food diet vegetarian vegan allergic allergy intolerant intolerance gluten lactose meat pork fish nuts dairy milk cheese sugar wheat stomach cramps swell swells rash bear cannot must_not stand digest bread eggs
        allergic allergy allergies intolerant intolerance react / allergic allergy intolerant intolerance rash swell swells swelling swollen hives itch itches itchy sneeze sneezing throat breathe reaction pollen hay_fever peanut nuts bee wasp sting latex penicillin shellfish dust
        favourite favorite best like love prefer enjoy / favourite favorite best like love loves adore adores prefer prefers enjoy enjoys crazy nothing_beats could_all_day could_for_hours fond keen fan passion makes_me_happy delicious can't_get_enough cannot_get_enough most_of_all obsessed
        dish meal favourite_food cook cooking cooked lunch dinner supper / pizza pasta spaghetti lasagne lasagna noodles rice soup stew roast schnitzel steak burger fries curry sushi salad dumplings goulash risotto pancake pancakes omelette omelet casserole pie chicken beef pork lamb sausage fish potatoes beans cook cooking cooked cooks fry grill bake dinner lunch supper meal recipe oven
        lunch dinner supper breakfast meal / lunch dinner supper breakfast brunch meal noon eat ate cook cooking cooked roast served
        breakfast / breakfast cereal muesli toast porridge bread roll jam butter egg eggs yoghurt coffee tea croissant
        dessert pudding sweet sweets cake / dessert pudding cake tiramisu chocolate ice_cream pie cookie cookies biscuit strudel muffin brownie apple_pie pancake custard mousse cheesecake candy sweets after_dinner waffle
        milk dairy lactose / milk dairy lactose cheese cream yoghurt intolerant
        bread gluten wheat / bread gluten wheat flour coeliac celiac roll loaf
        meat vegetarian vegan / meat vegetarian vegan pork beef chicken ham sausage
        nuts nut / nut nuts almond almonds hazelnut walnut peanut peanuts cashew pistachio
        fruit / apple pear banana orange cherry plum peach grape strawberry raspberry blueberry melon mango pineapple kiwi lemon apricot fig
        vegetable vegetables / carrot potato tomato onion cabbage spinach broccoli cauliflower pea bean leek pumpkin courgette zucchini aubergine cucumber pepper lettuce sprouts asparagus celery
        drink drinks beverage thirsty / drink drinks drank coffee tea water juice milk beer wine lemonade cola cocoa chocolate whisky whiskey vodka gin rum schnapps smoothie espresso cappuccino latte soda ale cider champagne
        coffee tea / coffee tea sugar milk black espresso cappuccino latte decaf lemon honey
        alcohol beer wine / beer wine whisky vodka gin rum schnapps champagne drunk sober pub alcohol bar
        spice taste flavour / spicy salty sweet sour bitter garlic chilli pepper salt vanilla cinnamon mint taste tastes flavour delicious
        restaurant cafe eat_out / restaurant cafe pizzeria trattoria bistro diner pub inn tavern table reserved waiter menu eat_out food ate delicious
        recipe ingredient ingredients bake cake / recipe almond almonds raisins chocolate cocoa need flour sugar butter eggs milk yeast cup gram grams spoon bake baked oven minutes dough salt secret_ingredient
        smoke smoking cigarettes / smoke smoking cigarette cigarettes cigar pipe tobacco quit
        groceries missing forget forgot need run_out bring / milk butter bread eggs cheese flour sugar coffee out_of run_out forgot forget did_not_bring missing shopping_list need empty used_up

        # body, illness, feelings
        sick ill illness disease health condition suffer / sick ill illness disease flu cold cough fever infection diabetes diabetic asthma cancer migraine arthritis rheumatism gout heart blood_pressure cholesterol pneumonia bronchitis covid measles chickenpox virus vomit nausea dizzy diagnosed diagnosis hospital doctor bed epilepsy thyroid anaemia
        doctor physician gp practitioner / doctor dr physician clinic practice surgery hospital surgeon specialist prescribed examined checked measured told_me ophthalmologist dermatologist cardiologist dentist orthopaedist gynaecologist paediatrician neurologist
        dentist tooth teeth / dentist tooth teeth toothache filling crown brace braces wisdom molar drill root tooth_doctor gum
        eye eyes see sight optician / eye eyes glasses spectacles contact_lenses optician ophthalmologist oculist sight vision blind cataract dioptre reading_glasses
        skin / dermatologist rash eczema acne itch cream mole sunburn
        heart / heart cardiologist pacemaker blood_pressure attack bypass
        hospital clinic operation surgery operated / hospital clinic ward operation operated surgery surgeon ambulance emergency stitches anaesthetic
        appointment appointments see_the checkup / appointment appointments checkup check_up meeting doctor dentist at_nine at_ten examination scheduled date adviser
        medicine medication pill pills tablet drug drugs take prescription / medicine medication pill pills tablet tablets drops capsule capsules syrup ointment cream injection insulin inhaler aspirin ibuprofen paracetamol antibiotic antibiotics prescription prescribed prescribes dose milligram milligrams pharmacy chemist swallow
        vitamin supplement / vitamin magnesium iron zinc calcium drops tablets
        hurt hurts pain ache injure injured injury accident / hurt hurts pain pains ache aches sore injured injury broke broken sprained twisted bruise bruised bleeding blood wound cut burned burnt fell fall slipped accident stitches plaster bandage crutches fracture pulled strain disc
        back spine / back spine disc vertebra lumbago posture lift
        arm leg knee hand foot shoulder body / arm leg knee hand foot shoulder elbow wrist ankle finger toe hip thumb
        head headache / head headache migraine dizzy concussion
        stomach belly / stomach belly cramps nausea digestion gut heartburn
        advice advise recommend recommended tip / advice advised recommend recommended should told_me_to suggested tip must better
        tall height big measure / tall height metre metres meter meters centimetre centimetres centimeters feet inches measured grown
        weigh weight heavy / weigh weighs weight kilo kilos kilogram kilograms pounds stone scale scales grams heavy diet
        size fit / size small medium large number wear fits thirty forty fifty sixty waist
        shoe shoes / shoe shoes boots sneakers sandals slippers trainers heels
        clothes wear wearing outfit / shirt blouse dress skirt trousers jeans jacket coat sweater jumper cardigan suit tie socks hat cap scarf gloves boots shoes sneakers pyjamas uniform
        jewellery jewelry / ring necklace bracelet earrings watch brooch chain gold silver pearl diamond
        glasses / glasses spectacles sunglasses lenses
        hair haircut hairdresser barber / hair haircut hairdresser barber salon cut dyed perm curls shave beard
        blood type group / blood type group positive negative donor
        sleep asleep slept bed bedtime go_to_bed / sleep slept asleep bed nap insomnia awake tired night dream nightmare pillow lie_down go_to_bed
        dream dreamt dreamed nightmare / dream dreamt dreamed nightmare in_my_sleep last_night
        wake get_up wake_up awake up_early / wake wakes woke get_up gets_up alarm alarm_clock rings o'clock sunrise up_at
        sport exercise train workout / sport football soccer tennis basketball volleyball handball hockey rugby golf badminton table_tennis squash swimming swim swimmer run running runner jog jogging cycling cycle cyclist hike hiking climb climbing ski skiing skate skating snowboard surf surfing sail sailing row rowing ride riding box boxing judo karate yoga pilates gym fitness gymnastics athletics marathon dance dancing ballet club team coach training exercise match
        run jog running / run runs running ran jog jogs jogging jogger marathon kilometre kilometres kilometer kilometers miles lap
        swim swimming / swim swimming swimmer swam pool lake butterfly crawl diving
        team club support fan football / team club fan support supporter match league football soccer cup stadium season cheer
        far distance long / kilometre kilometres kilometer kilometers metre metres miles mile minutes hours steps away
        afraid scared fear frighten frightened phobia terrified / afraid scared fear fears frighten frightens frightened terrified terrifies terrify phobia panic nightmare spider spiders snake snakes heights dark thunder thunderstorm flying dread scream run_away
        worry worried anxious nervous concerned / worry worried worries anxious nervous afraid concerned stressed stress exam test tense butterflies panic
        angry mad annoy annoyed annoys furious upset hate bother / angry mad annoy annoyed annoys annoying furious hate hates rage cross shouted can't_stand cannot_stand gets_on_my_nerves drives_me_crazy irritates irritated pet_hate
        dislike hate not_like don't_like / hate hates dislike dislikes can't_stand cannot_stand detest disgusting awful loathe not_like don't_like never_eat yuck
        sad unhappy cry cried depressed lonely miss / sad unhappy cry cried crying tears depressed lonely miss grief heartbroken died lost alone homesick awful terrible
        happy glad proud joy good_mood cheer cheers / happy glad proud joy delighted thrilled smile laughed wonderful overjoyed cheers cheer great lucky
        feel feeling feelings mood / feel feels felt happy sad tired exhausted stressed stressful nervous angry lonely excited proud bored anxious content relieved overwhelmed worn_out
        tired exhausted stress stressed / tired exhausted stress stressful stressed worn_out burnt_out weary no_energy
        proud achievement / proud achieved medal prize passed graduated won
        embarrassed ashamed / embarrassed ashamed embarrassing blush awkward
        relax calm wind_down / relax calm bath music tea meditate meditation yoga walk read massage

        # learning, hobbies, culture
        school class pupil kindergarten grade / school primary secondary elementary grammar class classroom pupil pupils teacher kindergarten grade lesson lessons homework headmaster principal
        teacher tutor / teacher teaches tutor professor mr mrs miss lessons class
        study studying student university college degree / study studies studying studied student university college degree semester faculty bachelor master thesis doctorate lecture campus become medicine law physics chemistry biology history engineering economics psychology philosophy architecture architect
        subject favourite_subject / maths mathematics physics chemistry biology history geography english german french music art sports religion
        exam test examination pass / exam test examination quiz passed failed grade marks study maths
        thesis homework deadline hand_in due submit / thesis homework essay report project deadline hand_in due submit submitted finished until
        learn learning practise practice course lesson / learn learning learnt practise practises practice course lesson lessons class teach teaches taught beginner evening_school school teacher tutorial play
        language speak / english german french spanish italian portuguese chinese mandarin japanese russian arabic polish dutch turkish greek latin swedish norwegian danish finnish czech hungarian korean hindi croatian ukrainian speak speaks language vocabulary grammar
        instrument play / piano guitar violin cello flute drum drums trumpet saxophone clarinet harp accordion ukulele bass organ trombone recorder harmonica viola oboe banjo keyboard play plays practises band orchestra
        music song listen band singer / music song songs listen jazz rock pop blues classical opera techno metal punk reggae folk country hip_hop rap beatles mozart bach beethoven band singer album record records concert playlist radio choir
        sing choir / sing sings sang singing choir soprano tenor alto bass
        concert theatre theater opera show play musical / concert theatre theater opera show play musical stage ticket tickets orchestra premiere actor performance
        movie film cinema watch see / movie film cinema watched watch saw seen series actor actress director popcorn screen netflix
        series programme show tv / series programme show episode season channel netflix detective quiz soap watch
        book reading novel author / book books read reading novel author chapter pages halfway library writer thriller biography trilogy crime_story detective_story
        game play board_game cards / game games play played chess cards rummy poker monopoly scrabble dice puzzle domino checkers ludo board_game bridge video_game console
        hobby hobbies free_time spare_time leisure interest interests pastime like_to_do / hobby hobbies free_time spare_time leisure weekends weekend collect collecting collects build building builds paint painting draw drawing knit knitting sew sewing crochet photograph photography fishing hunting chess puzzles stamps coins model garden gardening dance dancing hike hiking read reading pottery woodwork carving astronomy birdwatching baking
        collect collection / collect collects collecting collection stamps coins records postcards
        art paint painting draw museum / art paint paints painted painting draw drawing drew museum gallery exhibition sculpture picture artist watercolour
        photo picture photograph camera / photo photos picture photograph photographed camera album lens
        invent write poem / wrote write poem story novel diary blog
        religion faith believe church god / religion church mosque synagogue temple catholic protestant christian muslim jewish buddhist buddhists hindu atheist orthodox pray prayer mass priest god believe meditate faith baptised
        politics vote election party / vote voted election party politics mayor president parliament chancellor
        club member association / club member association choir fire_brigade scouts volunteer team joined

        # travel, vehicles, places
        holiday holidays vacation travel trip journey tour / holiday holidays vacation travel travelled traveled trip journey tour beach sea island hotel camping campsite tent flight cruise mountains lake weeks suitcase sightseeing abroad stayed flew booked summer_house resort spain italy france greece croatia portugal turkey egypt crete mallorca rome paris london venice
        country nation nationality / country germany austria switzerland italy france spain portugal england britain scotland ireland america canada mexico brazil argentina china japan korea india russia ukraine poland hungary croatia serbia bosnia slovenia slovakia czechia romania bulgaria greece turkey syria iraq iran afghanistan egypt morocco nigeria ghana kenya australia sweden norway denmark finland netherlands belgium vietnam thailand from fled
        city town / city town london paris berlin vienna rome madrid lisbon munich hamburg zurich prague budapest
        flight plane fly airport take_off / flight plane fly flies flying flew airport takes_off take_off lands boarding gate departs airline ticket
        train station railway / train station railway platform departs ticket conductor track express
        bus tram underground subway line commute get_to / bus tram underground subway metro line stop number commute
        car vehicle auto / car volvo vw volkswagen bmw audi mercedes toyota ford opel fiat renault peugeot skoda honda kia tesla seat mazda nissan van jeep truck motorbike drive engine tyres licence_plate
        licence license plate registration / licence license plate registration number car
        inspect inspected service garage mechanic inspection check / inspected inspection mechanic serviced service checked tyres oil brakes garage workshop
        bike bicycle cycle / bike bicycle cycle cycling helmet saddle pedal tyre
        park parked parking / parked park parking car garage level spot space street meter
        drive licence / drive drives drove driving licence instructor test
        commute get_to go_to way / bus tram train underground bike car drive walk foot minutes
        leave depart departure start go / leaves leave departs departure starts takes_off sets_off goes
        arrive arrival come back return / arrives arrive arrival lands comes back returns home
        hotel stay accommodation / hotel stay stayed hostel guesthouse airbnb campsite room reservation booked
        suitcase pack luggage bag / suitcase pack packed luggage bag backpack rucksack
        passport document documents id papers / passport document documents id_card identity papers certificate licence visa folder
        lost lose missing / lost lose missing disappeared gone can't_find cannot_find stolen stole misplaced
        stolen steal theft thief robbed happened / stolen stole thief thieves robbed burgled burglar broke_into gone police
        accident crash happened / accident crash crashed collided hit bumped fell slipped police ambulance dent
        find found / found find picked_up discovered turned_up
        police fire emergency / police fire ambulance emergency firefighters extinguisher alarm
        weather rain snow storm / weather rain rained snow snowed storm sunny cloudy hot cold wind hail thunder degrees

        # time
        often frequently regularly / every once twice daily weekly monthly day week month always never often
        morning early / morning mornings breakfast early dawn before_noon
        afternoon / afternoon one two three four five
        evening night late / evening evenings night nights tonight late dinner bed
        christmas xmas / christmas advent december tree presents eve santa
        easter / easter eggs bunny
        meeting appointment schedule calendar / meeting appointment conference call schedule scheduled date at_nine at_ten adviser interview
        event happen happened happening / happened suddenly broke fell lost stole stolen accident
        finish finished end deadline / finish finished end ends deadline until due last
        begin start started / begin began begins start started starts first new
        stop quit give_up / stop stopped quit gave_up given_up no_longer any_more
        change changed new / changed new switched instead now replaced

        # technology and the robot itself
        computer laptop device / computer laptop tablet pc mac notebook keyboard screen printer
        smartphone phone mobile / phone smartphone mobile iphone android display charger
        app program software / app program software update install installed
        charge charger battery / charge charged charger battery plug cable power
        robot / robot battery wheel wheels motor camera sensor arm update technician
        story joke tale / story joke tale funny told laughed once_upon
        zodiac star_sign horoscope / aries taurus gemini cancer leo virgo libra scorpio sagittarius capricorn aquarius pisces
        news newspaper / news newspaper article magazine paper
        """,
    "de": """
        wohne wohnen wohnung adresse zuhause daheim / wohne wohnen wohnung straße gasse haus umgezogen gezogen ziehen adresse stock dorf stadt
        arbeite arbeiten arbeit beruf job beruflich lebensunterhalt / arbeit arbeite arbeiten beruf job lehrer lehrerin bäcker bäckerin arzt ärztin krankenschwester pfleger ingenieur ingenieurin koch köchin kellner kellnerin verkäufer verkäuferin tischler elektriker mechaniker bauer bäuerin gärtner polizist polizistin fahrer fahrerin friseur friseurin büro firma fabrik betrieb schule krankenhaus bank angestellt selbstständig chef kollegen
        frau ehefrau mann ehemann partner verheiratet / frau mann ehefrau ehemann partner partnerin verheiratet heirat hochzeit
        kinder kind sohn tochter / kind kinder sohn tochter zwillinge baby bub mädchen
        geschwister bruder schwester / bruder schwester geschwister zwilling
        haustier haustiere tier tiere / hund katze kater hamster hase kaninchen vogel wellensittich fisch goldfisch pferd schildkröte meerschweinchen
        essen isst lieblingsessen speise gericht / essen esse isst schnitzel nudeln pizza suppe braten knödel gulasch salat fisch kartoffeln reis kuchen lieblingsessen schmeckt koche kocht rosenkohl spinat pilze
        mag mögen gern lieblings liebe / mag liebe gern gerne lieblings am_liebsten begeistert
        nicht_mag hasse hassen mag_nicht nicht_leiden / hasse hassen nicht_leiden mag_nicht nicht_ausstehen ekelhaft eklig verabscheue
        trinken trinke getränk / trinke trinken kaffee tee wasser saft bier wein milch limonade kakao
        krank krankheit gesundheit weh / krank krankheit grippe fieber husten schmerzen weh erkältet allergie diabetes arzt krankenhaus
        allergisch allergie vertrage / allergisch allergie vertrage nüsse milch laktose gluten pollen heuschnupfen
        arzt doktor termin / arzt ärztin doktor zahnarzt augenarzt termin praxis klinik untersuchung
        medikament medikamente tablette tabletten / medikament tablette tabletten tropfen salbe pille insulin
        handwerker reparieren repariert kaputt / handwerker installateur elektriker tischler maler reparieren repariert kaputt
        urlaub ferien reise verreisen / urlaub ferien reise strand meer hotel berge flug geflogen gefahren
        schule klasse / schule klasse lehrer lehrerin volksschule gymnasium kindergarten hausaufgaben
        hobby hobbys freizeit / hobby freizeit sammle sammeln stricken malen lesen wandern fußball klettern schwimmen basteln garten
        sport / fußball tennis schwimmen laufen radfahren wandern klettern skifahren turnen yoga
        instrument spiele spielt / klavier gitarre geige flöte trompete schlagzeug cello
        geburtstag alt alter jahre / geburtstag alt jahre geboren
        geld kosten kostet preis bezahlt / geld euro kosten kostet preis bezahlt bezahlen teuer billig konto bank
        angst fürchte / angst fürchte spinnen höhe dunkel gewitter
        passwort kennwort code pin / passwort kennwort code pin geheimzahl
        """,
    "es": """
        vivo vives vivir casa dirección domicilio / vivo vivir casa calle piso apartamento mudé mudamos barrio pueblo ciudad dirección
        trabajo trabajar trabajas profesión oficio dedico / trabajo trabajar profesora profesor maestro maestra enfermera enfermero médico médica ingeniero ingeniera cocinero cocinera camarero panadero panadera abogado abogada conductor oficina empresa fábrica escuela hospital banco tienda jefe
        esposa esposo marido mujer pareja casado casada / esposa esposo marido mujer pareja casado casada boda
        hijos hijo hija niños / hijo hija hijos niño niña bebé gemelos
        hermanos hermano hermana / hermano hermana hermanos gemelo
        mascota mascotas animal animales / perro perra gato gata hámster conejo pájaro loro pez caballo tortuga
        comida comer plato favorito / comer comida paella tortilla pizza pasta sopa arroz pescado carne pollo ensalada tarta
        alérgico alérgica alergia / alérgico alérgica alergia nueces leche lactosa gluten polen
        bebida beber tomar / café té agua zumo jugo cerveza vino leche
        médico doctor cita dentista / médico doctora doctor dentista cita clínica hospital consulta
        medicina medicamento pastilla / medicina medicamento pastilla pastillas gotas jarabe insulina
        vacaciones viaje viajar / vacaciones viaje playa hotel vuelo montaña mar
        escuela colegio clase / escuela colegio clase maestro maestra profesor deberes
        afición aficiones pasatiempo / colecciono pintar leer bailar cantar fútbol nadar senderismo jardín
        instrumento toco tocas / piano guitarra violín flauta trompeta batería
        cumpleaños edad años / cumpleaños años nací cumplo
        dinero precio cuesta costó / dinero euros precio cuesta costó pagué pagar caro barato banco
        miedo / miedo arañas alturas oscuridad tormenta
        contraseña clave código / contraseña clave código pin
        """,
}
"""A line is a topic: before the stroke the words that ask for it, after it those that tell of it. Words that are joined by `_`
are looked for one after the other. The first word of a line names its topic, so each line of a language has another; lines with `#`
are headings. What is indexed has the topics of its day: who changes this list has the index made anew, in a migration."""
