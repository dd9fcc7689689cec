"""Which time zone a place is in: the cities and countries of the time zone database, and some better known ones."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ARTICLE = re.compile(r"^(?:the|la|el|los|las|die|der|das) ")

_WELL_KNOWN = {
    "UTC": "utc, gmt, coordinated universal time, greenwich mean time",
    "Africa/Cairo": "kairo, el cairo, agypten, egipto",
    "Africa/Casablanca": "marrakesh, marrakech, marokko, marruecos",
    "Africa/Johannesburg": "cape town, kapstadt, ciudad del cabo, pretoria, durban, sudafrika, sudafrica",
    "Africa/Lagos": "abuja",
    "Africa/Nairobi": "kenia",
    "America/Anchorage": "alaska",
    "America/Argentina/Buenos_Aires": "argentina, argentinien",
    "America/Bogota": "medellin, kolumbien",
    "America/Chicago": "houston, dallas, austin, san antonio, new orleans, nashville, memphis, minneapolis, milwaukee, "
    "kansas city, st louis, saint louis, texas, illinois, central time",
    "America/Denver": "salt lake city, colorado, utah, mountain time",
    "America/Edmonton": "calgary",
    "America/Havana": "kuba, la habana",
    "America/Lima": "peru",
    "America/Los_Angeles": "la, l a, san francisco, san diego, seattle, portland, las vegas, sacramento, san jose, "
    "california, kalifornien, silicon valley, oregon, nevada, hollywood, pacific time, west coast",
    "America/Mexico_City": "mexico, mexiko, mexiko stadt, ciudad de mexico, guadalajara",
    "America/New_York": "nyc, nueva york, boston, washington, washington dc, miami, philadelphia, atlanta, "
    "orlando, pittsburgh, baltimore, cleveland, florida, usa, us, united states of america, america, estados unidos, "
    "vereinigte staaten, amerika, eastern time, east coast",
    "America/Phoenix": "arizona",
    "America/Sao_Paulo": "rio, rio de janeiro, brasilia, brazil, brasil, brasilien, sao paolo",
    "America/Santiago": "chile",
    "America/Toronto": "canada, kanada, ottawa, montreal, quebec",
    "Asia/Bangkok": "thailand, tailandia",
    "Asia/Dubai": "abu dhabi, uae, emirates, vereinigte arabische emirate, emiratos arabes unidos",
    "Asia/Ho_Chi_Minh": "hanoi, saigon, ho chi minh city, vietnam",
    "Asia/Hong_Kong": "hongkong",
    "Asia/Jakarta": "bali, indonesien",
    "Asia/Jerusalem": "tel aviv, israel",
    "Asia/Kolkata": "mumbai, bombay, delhi, new delhi, nueva delhi, bangalore, bengaluru, chennai, calcutta, "
    "hyderabad, indien",
    "Asia/Manila": "philippinen, filipinas",
    "Asia/Riyadh": "mecca, saudi arabien, arabia saudita",
    "Asia/Seoul": "korea, south korea, sudkorea, corea, corea del sur, busan, seul",
    "Asia/Shanghai": "beijing, peking, pekin, shenzhen, guangzhou",
    "Asia/Singapore": "singapur",
    "Asia/Yangon": "burma, birmania",
    "Asia/Taipei": "taiwan",
    "Asia/Tehran": "teheran",
    "Asia/Tokyo": "tokio, osaka, kyoto, kioto, japon, nagoya, sapporo, hiroshima",
    "Atlantic/Canary": "canary islands, tenerife, teneriffa, gran canaria, islas canarias, kanarische inseln",
    "Atlantic/Reykjavik": "island, islandia, reikiavik",
    "Australia/Adelaide": "south australia",
    "Australia/Brisbane": "queensland",
    "Australia/Sydney": "australia, australien, canberra, new south wales, sidney",
    "Europe/Amsterdam": "netherlands, holland, niederlande, paises bajos, holanda, rotterdam, the hague",
    "Europe/Athens": "griechenland, grecia, athen, atenas",
    "Europe/Berlin": "munich, munchen, hamburg, frankfurt, cologne, koln, stuttgart, dusseldorf, leipzig, "
    "dresden, hanover, hannover, nuremberg, nurnberg, bremen, bonn, heidelberg, deutschland, alemania, hamburgo",
    "Europe/Brussels": "belgien, belgica, brussel, bruselas, antwerp",
    "Europe/Budapest": "ungarn, hungria",
    "Europe/Bucharest": "rumanien, rumania, bukarest",
    "Europe/Copenhagen": "danemark, dinamarca, kopenhagen, copenhague",
    "Europe/Dublin": "irland, irlanda",
    "Europe/Helsinki": "finnland, finlandia",
    "Europe/Istanbul": "turkey, turkiye, turkei, turquia, ankara, estambul",
    "Europe/Kyiv": "kiev, kiew, ukraine, ucrania",
    "Europe/Lisbon": "lissabon, lisboa, porto",
    "Europe/London": "uk, great britain, england, scotland, wales, northern ireland, united kingdom, edinburgh, "
    "glasgow, manchester, liverpool, birmingham, leeds, bristol, oxford, cambridge, belfast, cardiff, londres, "
    "inglaterra, reino unido, grossbritannien, vereinigtes konigreich",
    "Europe/Luxembourg": "luxemburg, luxemburgo",
    "Europe/Madrid": "barcelona, valencia, sevilla, seville, malaga, bilbao, mallorca, ibiza, espana, spanien",
    "Europe/Moscow": "russia, russland, rusia, moskau, moscu, saint petersburg, st petersburg",
    "Europe/Oslo": "norwegen, noruega, bergen",
    "Europe/Paris": "lyon, marseille, nice, nantes, toulouse, bordeaux, strasbourg, strassburg, frankreich, francia",
    "Europe/Prague": "czech republic, czechia, tschechien, prag, praga, chequia",
    "Europe/Rome": "milan, mailand, naples, neapel, turin, venice, venedig, florence, florenz, rom, roma, italien, "
    "italia, sicily, sardinia",
    "Europe/Stockholm": "schweden, suecia, gothenburg, estocolmo",
    "Europe/Vienna": "wien, viena, salzburg, graz, innsbruck, osterreich",
    "Europe/Warsaw": "polen, polonia, warschau, varsovia, krakow, krakau",
    "Europe/Zurich": "switzerland, geneva, genf, ginebra, basel, bern, lausanne, schweiz, suiza",
    "Pacific/Auckland": "wellington, christchurch, neuseeland, nueva zelanda",
    "Pacific/Honolulu": "hawaii, hawai",
}
"""What the database does not name: capitals, big cities, and countries in Spanish and German, without accents.

Of a country with several zones it is the one that most people mean: its capital's, or that of most of its people.
"""


class Places:
    """The time zones of places. Spelling is taken lightly: neither case nor accents count, nor an article before."""

    def __init__(self) -> None:
        self._zones = dict(_of_database())
        for zone, names in _WELL_KNOWN.items():
            self._zones.update(dict.fromkeys(names.split(", "), zone))

    def zone(self, place: str) -> ZoneInfo | None:
        """Return the time zone of a city, a country, or one that is called by its own name; None where unknown."""
        name = _plain(place)
        candidates = (name, _ARTICLE.sub("", name), name.partition(",")[0].strip(), name.removesuffix(" city"))
        key = next((self._zones[each] for each in candidates if each in self._zones), None)
        if key is None:
            return None
        try:
            return ZoneInfo(key)
        except ZoneInfoNotFoundError:  # the host's own database is older than the names
            return None


def _of_database() -> Iterator[tuple[str, str]]:
    """Yield the names that the time zone database has: cities, countries of one zone, and the zones themselves."""
    countries = dict(row[:2] for row in _rows("iso3166.tab"))
    zones: dict[str, list[str]] = defaultdict(list)
    for country, _, zone, *_ in _rows("zone.tab"):
        zones[country].append(zone)
        yield _plain(zone), zone
        yield _plain(zone.rpartition("/")[2]), zone
    for country, of_country in zones.items():
        yield _plain(countries[country].partition("(")[0]), of_country[0]


def _rows(table: str) -> Iterator[list[str]]:
    text = files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.casefold().replace("_", " "))
    kept = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.sub(r"[^\w\s,/]", " ", kept.replace("&", "and")).split())
