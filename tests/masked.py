"""Sentences with and without something to mask: `regions | what is said | what is left of it`, `=` for all of it."""

SECRETS = """
US | My email is ada@example.com | My email is <email>
US | write to grace.hopper+robots@navy.example.org, please | write to <email>, please
US | "bob_smith@mail.example.co.uk" is my brother | "<email>" is my brother
DE | Schreib an jürgen.müller@beispiel.de. | Schreib an <email>.
ES | Mi correo es luis-perez@correo.es y el suyo ana@correo.es | Mi correo es <email> y el suyo <email>
US | my email is ada dot lovelace at example dot com | my email is <email>
US | send a mail to grace at example dot org tomorrow | send a mail to <email> tomorrow
DE | meine Mailadresse ist max punkt muster at beispiel punkt de | meine Mailadresse ist <email>
ES | mi correo es ana punto lopez arroba ejemplo punto es | mi correo es <email>
US | john99 at example dot com is what I use | <email> is what I use
US | Call me at (202) 456-1414. | Call me at <phone>.
US | my number is 202-456-1414 okay | my number is <phone> okay
US | It's 202.456.1414 | It's <phone>
US | text 2024561414 when you are home | text <phone> when you are home
US | +1 202 456 1414 is the office | <phone> is the office
US | Dial 1-800-275-2273 for help | Dial <phone> for help
US | my number is 555 123 4567 | my number is <phone>
US | Her phone is 415 555 0132, mine is 415 555 0199 | Her phone is <phone>, mine is <phone>
US | you can reach her under +44 20 7946 0018 | you can reach her under <phone>
GB | ring me on 07700 900123 | ring me on <phone>
GB | The clinic is 020 7946 0018 | The clinic is <phone>
GB | It is (0113) 496 0999 at work | It is <phone> at work
DE | Ruf mich an: 0171 2345678 | Ruf mich an: <phone>
DE | meine Nummer ist 030 12345678 | meine Nummer ist <phone>
DE | Die Praxis hat 089/1234567 | Die Praxis hat <phone>
DE | Oma hat +49 (0)30 901820 | Oma hat <phone>
DE | Ruf 0171 2345678 mal an | Ruf <phone> mal an
DE | unter 01712345678 bin ich da | unter <phone> bin ich da
DE | Sag Papa 0049 171 2345678 | Sag Papa <phone>
ES | Llámame al 612 345 678 | Llámame al <phone>
ES | el fijo es 91 123 45 67 | el fijo es <phone>
ES | mi móvil 612345678 por si acaso | mi móvil <phone> por si acaso
ES | en casa el +34 912 345 678 | en casa el <phone>
FR | mon numéro est le 06 12 34 56 78 | mon numéro est le <phone>
FR | le bureau: 01.42.68.53.00 | le bureau: <phone>
FR | appelle le +33 6 12 34 56 78 ce soir | appelle le <phone> ce soir
IT | il mio cellulare è 333 123 4567 | il mio cellulare è <phone>
IT | chiama lo 06 1234 5678 | chiama lo <phone>
MX | mi celular es 55 1234 5678 | mi celular es <phone>
CH | Sie hat 044 668 18 00 | Sie hat <phone>
JP | 電話は 03-1234-5678 です | 電話は <phone> です
US | my card is 4111 1111 1111 1111 | my card is <card>
US | it's 4111111111111111, expiry next year | it's <card>, expiry next year
US | Pay with 5500-0000-0000-0004 | Pay with <card>
US | the amex is 3782 822463 10005 | the amex is <card>
US | 6011 0009 9013 9424 is my discover card | <card> is my discover card
DE | Meine Kreditkarte: 5105 1051 0510 5100. | Meine Kreditkarte: <card>.
ES | la tarjeta es 4012 8888 8888 1881 | la tarjeta es <card>
DE | Überweise es auf DE89 3704 0044 0532 0130 00 bitte | Überweise es auf <iban> bitte
DE | die IBAN ist DE89370400440532013000 | die IBAN ist <iban>
DE | de89 3704 0044 0532 0130 00 ist mein Konto | <iban> ist mein Konto
ES | mi cuenta es ES91 2100 0418 4502 0005 1332 | mi cuenta es <iban>
GB | My account is GB29 NWBK 6016 1331 9268 19 | My account is <iban>
FR | mon compte FR14 2004 1010 0505 0001 3M02 606 | mon compte <iban>
AT | Konto AT61 1904 3002 3457 3201 | Konto <iban>
CH | CH93 0076 2011 6238 5295 7 gehört mir | <iban> gehört mir
US | my social is 536-90-4399 | my social is <id>
US | Social security number 219-09-9998, right? | Social security number <id>, right?
ES | mi DNI es 12345678Z | mi DNI es <id>
ES | el DNI 12345678-Z es mío | el DNI <id> es mío
ES | mi NIE es X1234567L | mi NIE es <id>
IT | il mio codice fiscale è RSSMRA85T10A562S | il mio codice fiscale è <id>
FR | mon numéro de sécu est 2 95 10 99 126 111 93 | mon numéro de sécu est <id>
BR | meu CPF é 390.533.447-05 | meu CPF é <id>
SE | mitt nummer är 880320-0016 | mitt nummer är <id>
DE | meine Steuernummer ist 36 574 261 809 | meine Steuernummer ist <id>
US | ada@example.com, 202-456-1414 and 4111 1111 1111 1111 | <email>, <phone> and <card>
US | My new number: 202-456-1414; tell ben@example.org | My new number: <phone>; tell <email>
US | reach me at 4 1 5 5 5 5 0 1 3 2 | reach me at <phone>
US | phone: 9175550143 | phone: <phone>
US | You should text my dad, he is at 312-555-0186 until five | You should text my dad, he is at <phone> until five
US | ada_lovelace.1815@analytical-engine.io is the one I check | <email> is the one I check
US | Her work email, grace@navy.mil, bounced | Her work email, <email>, bounced
US | my visa is 4242424242424242 and the code is 123 | my visa is <card> and the code is 123
US | 4242 4242 4242 4242 | <card>
US | card number 4000-0566-5566-5556 exp 12/28 | card number <card> exp 12/28
GB | our landline is 01632 960 983 | our landline is <phone>
GB | mobile 07911 123456 | mobile <phone>
GB | +447911123456 | <phone>
GB | sort it out with 0800 111 999 | sort it out with <phone>
DE | Meine Handynummer: 0151-23456789 | Meine Handynummer: <phone>
DE | Büro 040 / 123 456-78 | Büro <phone>
DE | +49 89 636 48018 | <phone>
DE | Tel. (030) 23125 123 | Tel. <phone>
DE | IBAN: DE12 5001 0517 0648 4898 90 | IBAN: <iban>
DE | schick es an info@müller-gmbh.de | schick es an <email>
AT | 0664 1234567 ist Mamas Nummer | <phone> ist Mamas Nummer
AT | +43 1 4000 8181 | <phone>
ES | mi numero es el 699 12 34 56 | mi numero es el <phone>
ES | llama a mamá al 93 400 12 34 | llama a mamá al <phone>
ES | ES7921000813610123456789 | <iban>
ES | NIF 54362315K | NIF <id>
ES | escríbeme a maria.garcia22@gmail.com | escríbeme a <email>
ES | mi número de tarjeta es 5200 8282 8282 8210 | mi número de tarjeta es <card>
FR | c'est le 0612345678 | c'est le <phone>
FR | +33 (0)1 70 18 99 00 | <phone>
FR | IBAN FR76 3000 6000 0112 3456 7890 189 | IBAN <iban>
IT | 02 1234 5678 è l'ufficio | <phone> è l'ufficio
IT | scrivi a rossi@libero.it | scrivi a <email>
NL | bel 06-12345678 | bel <phone>
NL | rekening NL91 ABNA 0417 1643 00 | rekening <iban>
PL | mój numer to 512 345 678 | mój numer to <phone>
PT | o meu número é 912 345 678 | o meu número é <phone>
BR | liga para (11) 91234-5678 | liga para <phone>
MX | llámame al 33 1234 5678 | llámame al <phone>
IN | call 98765 43210 | call <phone>
IN | my aadhaar is 2341 2341 2346 | my aadhaar is <id>
CN | 我的电话是 138 0013 8000 | 我的电话是 <phone>
CN | 身份证 11010519491231002X | 身份证 <id>
JP | 090-1234-5678 に電話して | <phone> に電話して
KR | 010-1234-5678로 전화해 | <phone>로 전화해
RU | позвони 8 (912) 345-67-89 | позвони <phone>
SE | 070-123 45 67 | <phone>
BE | BE68 5390 0754 7034 | <iban>
US | at 1 (800) 555-0199 ext. 7 | at <phone> ext. 7
US | my ssn: 123-45-6789 | my ssn: <id>
"""

HARMLESS = """
US | Turn 90 degrees to the left
US | Drive forward 150 centimeters and then back 75
US | What is 123456789 times 987654321?
US | What is 1234567 plus 7654321
US | Set a timer for 10 minutes and 30 seconds
US | Wake me at 6:45 on 2026-11-21
US | The year 2026, not 2025 or 2024
US | From 1914 - 1918 there was a war
US | He was born on 12/24/1985 and she on 01/02/1990
DE | Am 24.12.1985 um 18:30 Uhr
DE | Es war der 21.11.2026 um 17 Uhr
US | Pi is 3.14159265358979
US | e is 2.718281828
US | The population is 8,258,035 people
DE | Deutschland hat 83 491 249 Einwohner
ES | España tiene 47 450 795 habitantes
US | Count 1 2 3 4 5 6 7 8 9 10
US | count from 10 9 8 7 6 5 4 3 2 1
US | My password has 12 characters
US | The light travels at 299792458 meters per second
US | It is 384400 km to the moon
US | That is 149 597 870 km away
US | Room 12, floor 3, seat 45
US | The code is 1234
US | Order 4111111111111112 has arrived
US | 1234 5678 9012 3456 is not my card
US | serial number 9999 8888 7777 6666
US | Flight LH 1234 at gate 56
US | The robot naila@raspberrypi said hello
US | Follow me @naila on the net
US | look at this dot com bubble
US | you can buy it at amazon dot com
US | we met at nine dot he said
US | Version 2026.11.21 of the program
US | My IP address is 192.168.100.200
US | chapter 12.3.4 of the book
US | The score was 101 to 99 after 48 minutes
US | 7 times 8 is 56, 56 times 9 is 504
US | roll 3 dice, then 4, then 5
US | zip code 20500-0003
US | The bible has 31102 verses and 783137 words
US | GB29 is a road in my game
US | DE00 3704 0044 0532 0130 00 is a wrong one
DE | Spiel Sender 89.0 oder 101.3
DE | 1000000 Euro sind viel Geld
DE | das kostet 12.345.678,90 Euro
ES | son 1.234.567 euros
ES | el 12 de octubre de 1492
FR | il y a 67 848 156 habitants
US | 1763745473 seconds since 1970
US | The lottery numbers are 4 8 15 16 23 42
US | DNA has 3000000000 base pairs
US | 2 to the power of 32 is 4294967296
US | 2 to the power of 64 is 18446744073709551616
US | What is the square root of 1522756
US | It scored 1200000 points, then 1350000 points
US | the temperature was 21.5, 22.0, 22.5 and 23.0
US | play song 5 from 1999
US | my lucky numbers are 7 and 13
US | 12345678A is no identity
US | 123-45-67 is the combination of the lock
US | a ratio of 16 to 9 at 3840 x 2160
US | coordinates 52.520008, 13.404954
US | the pool is 25 m, I swam 40 lanes, 1000 m
US | he ran 100 m in 9.58 s and 200 m in 19.19 s
US | My house is number 1234 on 56th street
US | I weigh 70 kg and I am 175 cm tall
US | Set the timer to 01:30:00
US | 2 plus 2 is 4, 4 plus 4 is 8, 8 plus 8 is 16
US | what is 12 percent of 3450000
US | ISBN 978-3-16-148410-0
US | ISBN 0-306-40615-2
US | The serial is SN-2024-000123456
US | tracking 1Z999AA10123456784
US | It costs 1,299.99 dollars
US | In 1969, 600 million people watched
US | 13.8 billion years, or 13800000000 years
US | the distance to proxima is 40208000000000 km
US | Play channel 101, 102, 103 and 104
US | room 101 to 110, then 201 to 210
US | 10 20 30 40 50 60 70
US | the pattern is 1 1 2 3 5 8 13 21 34
US | move 100 200 300
DE | Artikelnummer 4006381333931
DE | PLZ 10115 Berlin, 80331 München
DE | Aktenzeichen 12 O 345/21
DE | von 10:00 bis 12:30 Uhr am 3. 4. 2026
DE | Zähle 10 20 30 40 50
DE | 1 2 3 4 5 6 7 8 9
DE | Der Film ist von 2019 und dauert 2 Stunden 15
ES | del 1 al 10, del 11 al 20
ES | el 3 de mayo de 2026 a las 17:30
ES | mide 1234567 metros
FR | le 14 juillet 1789 à 15 h 30
FR | code postal 75008 Paris
US | MAC 24:0a:c4:12:34:56
US | 2001:0db8:85a3:0000:0000:8a2e:0370:7334
US | 10.0.0.12 and 10.0.0.13 and 172.16.254.1
US | abc123def456 is the password hint
US | NCC-1701-D
US | C-3PO and R2-D2 and BB-8
US | GPT-4 has 1760000000000 parameters
US | a 64-bit number 9223372036854775807
US | unix time 1763745473
US | sudoku 534678912 672195348 198342567
US | the fibonacci numbers 0 1 1 2 3 5 8 13
US | 1000 2000 3000 4000
"""

LOG_LINES = """
request 550e8400-e29b-41d4-a716-446655440000 of rover-20260311 expired after 30000 ms
the broker at 127.0.0.1:18883 is gone, trying again in 1.25 s (attempt 3)
/var/lib/naila/naila.db: the disk is full: free some space; nothing else needs to be done
llama_model_load: n_ctx = 131072, n_batch = 2048, model size = 4692.78 MiB, 8030261248 parameters
/models/Llama-3.1-8B-Q4_K_M.gguf (4920739232 bytes) sha256 7b064f5842bf9532c91456deda288a1b672397a54fa729aa6659528630335
2026-11-21T17:17:53.123456Z state=ready took=0.123456789 tokens=128256 seq=1763745473123
File "/opt/naila/ai_server/dialogue/dialogue.py", line 228, in _run
python 3.11.9 (main, Apr  6 2026, 17:59:24) [GCC 13.2.0 20240412]
amqtt 0.11.3, paho-mqtt 2.1.0, sqlalchemy 2.0.36, kernel 6.8.0-101-generic
naila/ai/responses/text/esp32-24A160F0C1B2 12 bytes, packet 65535, mid 20483
<Task pending name='Task-1234567' coro=<run() at 0x7f1b6387750>>
mac 24:0a:c4:12:34:56 rssi -67 uptime 1234567 heap 204800
heartbeat 1763745473.123 of robot-0017 at 2026-11-21 17:17:53,123
q1763745473123456789 was answered by turn 1234567 of conversation 7654321
pid 1234567 used 1234567890 ns of cpu
"""


def secrets() -> list[tuple[str, str, str]]:
    """Return the region, the sentence and what is left of it, of each with something to mask."""
    return [_parts(line) for line in SECRETS.strip().splitlines()]


def harmless() -> list[tuple[str, str]]:
    """Return the region and the sentence of each with nothing to mask."""
    return [_parts(line)[:2] for line in (f"{line} | =" for line in HARMLESS.strip().splitlines())]


def _parts(line: str) -> tuple[str, str, str]:
    region, said, left = (part.strip() for part in line.split(" | "))
    return region, said, left
