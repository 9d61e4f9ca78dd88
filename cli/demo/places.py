"""Where the demo carrier has numbers, and who its customers are."""

from typing import NamedTuple


class Place(NamedTuple):
    country: str
    region: str
    locality: str
    prefix: str  # calling code and area; digits up to `length` follow
    length: int  # of the whole number
    lata: str | None = None
    rate_center: str | None = None
    latitude: str | None = None
    longitude: str | None = None


PLACES = (
    Place("US", "AL", "Birmingham", "1205", 11, "476", "BIRMINGHAM", "33.520661", "-86.802490"),
    Place("US", "AL", "Huntsville", "1256", 11, "477", "HUNTSVILLE", "34.730369", "-86.586104"),
    Place("US", "AL", "Tuscaloosa", "1205", 11, "476", "TUSCALOOSA", "33.209841", "-87.569174"),
    Place("US", "AR", "Hot Springs", "1501", 11, "528", "HOTSPRINGS", "34.503700", "-93.055180"),
    Place("US", "AR", "Little Rock", "1501", 11, "528", "LITTLEROCK", "34.748463", "-92.284434"),
    Place("US", "CO", "Denver", "1303", 11, "656", "DENVER", "39.739236", "-104.990251"),
    Place("US", "MA", "Boston", "1617", 11, "128", "BOSTON", "42.360082", "-71.058880"),
    Place("US", "TX", "Austin", "1512", 11, "558", "AUSTIN", "30.267153", "-97.743057"),
    Place("US", "WA", "Seattle", "1206", 11, "674", "SEATTLE", "47.606209", "-122.332071"),
    Place("KH", "12", "Phnom Penh", "85523", 11),
    Place("KH", "17", "Siem Reap", "85563", 11),
    Place("KH", "2", "Battambang", "85553", 11),
)
MOBILE_PREFIXES = ("85510", "85512", "85570", "85577", "85592", "85598")
SHORT_CODES = ("1294", "2442", "3366")

ACCOUNTS = (
    ("Rocket Rides", "CARRIER_MANAGED", "Basic.Kal"),
    ("Telco Net", "CARRIER_MANAGED", "Basic.Slt"),
    ("Angkor Clinics", "CARRIER_MANAGED", "Polly.Joanna"),
    ("Bob Cats", "CUSTOMER_MANAGED", "Basic.Kal"),
    ("Tonle Sap Deliveries", "CUSTOMER_MANAGED", "Polly.Matthew"),
)

MESSAGES = (
    "Your driver is two minutes away.",
    "Your code is 482913. It is valid for ten minutes.",
    "Your appointment is tomorrow at 09:30. Reply 1 to confirm.",
    "Your parcel has arrived at our Siem Reap office.",
    "Thank you for your payment. Your new balance is 42,500 riel.",
    "ជំរាបសួរ! ការកម្មង់របស់អ្នករួចរាល់ហើយ។",
)
REPLIES = ("1", "Yes, thank you", "STOP", "Please call me back", "បាទ")
