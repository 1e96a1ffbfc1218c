"""The words of synthetic products. All brands are fictitious."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CategoryWords:
    """The words of one category, and its median price."""

    name: str
    nouns: tuple[str, ...]
    features: tuple[str, ...]
    claims: tuple[str, ...]
    #: Used in "Gift for ... Lovers", in the titles of any category.
    fans: str
    price: float


#: `make_products` uses the first `n_categories`.
CATEGORIES = (
    CategoryWords(
        "Board Games",
        ("Board Game", "Strategy Game", "Card Game", "Dice Game", "Party Game"),
        ("Family", "2-4 Player", "Cooperative", "Travel", "Fast-Paced"),
        (
            "is learnt in ten minutes and never plays the same way twice",
            "comes with 120 cards, two dice and a folding board",
            "keeps two to four players busy on a rainy evening",
            "has rules for beginners and for experts",
        ),
        "Puzzle",
        25.0,
    ),
    CategoryWords(
        "Books",
        ("Novel", "Cookbook", "Paperback", "Field Guide", "Story Collection"),
        ("Bestselling", "Hardcover", "Illustrated", "Annotated", "Pocket"),
        (
            "runs to 320 pages and is hard to put down",
            "is printed on acid-free paper with a sewn binding",
            "follows three generations of one family through the chapters",
            "has an index, maps and a foreword by the author",
        ),
        "Book",
        15.0,
    ),
    CategoryWords(
        "Tea",
        ("Green Tea", "Black Tea", "Herbal Tea", "Oolong Tea", "Chai Blend"),
        ("Organic", "Loose Leaf", "Caffeine-Free", "First Flush", "Hand-Picked"),
        (
            "is best brewed for three minutes at 80 degrees",
            "has a malty aroma with a hint of bergamot",
            "was grown on one estate and picked in spring",
            "makes about forty cups from one pouch",
        ),
        "Tea",
        11.0,
    ),
    CategoryWords(
        "Headphones",
        ("Headphones", "Headset", "Over-Ear Headphones", "Studio Headphones"),
        ("Bluetooth", "Noise-Cancelling", "Wireless", "Hi-Fi", "Foldable"),
        (
            "plays for thirty hours on one charge",
            "has soft ear cushions and a built-in microphone",
            "pairs with two phones at once",
            "brings out the bass without hiding the voices",
        ),
        "Music",
        60.0,
    ),
    CategoryWords(
        "Watches",
        ("Watch", "Wristwatch", "Chronograph", "Dress Watch", "Field Watch"),
        ("Quartz", "Automatic", "Water-Resistant", "Analog", "Sapphire Glass"),
        (
            "keeps time to a second a day",
            "shows the date and glows in the dark",
            "has a leather strap that fits most wrists",
            "is water resistant to 50 metres",
        ),
        "Watch",
        80.0,
    ),
    CategoryWords(
        "Water Bottles",
        ("Water Bottle", "Drinking Bottle", "Sports Bottle", "Thermo Flask"),
        ("Insulated", "Leakproof", "BPA-Free", "Wide-Mouth", "Stainless"),
        (
            "keeps drinks cold for a whole day",
            "holds 750 ml and fits a bicycle cage",
            "has a lid that opens with one thumb",
            "does not sweat, drip or dent easily",
        ),
        "Hiking",
        18.0,
    ),
    CategoryWords(
        "Table Lamps",
        ("Table Lamp", "Desk Lamp", "Bedside Lamp", "Reading Light"),
        ("Dimmable", "LED", "Linen Shade", "Touch", "Mid-Century"),
        (
            "gives a warm light that does not tire the eyes",  # language: ok
            "takes an E27 bulb of up to 40 watts",
            "dims in three steps at a touch of its base",
            "has a two metre cord with a switch",
        ),
        "Design",
        40.0,
    ),
    CategoryWords(
        "Mugs",
        ("Coffee Mug", "Mug", "Ceramic Cup", "Espresso Cup", "Travel Mug"),
        ("Stoneware", "Hand-Glazed", "Ceramic", "Porcelain", "Enamel"),
        (
            "holds 350 ml and has a handle for three fingers",
            "was glazed by hand, so no two are alike",
            "goes into the dishwasher and the microwave",
            "keeps coffee warm longer than thin china",
        ),
        "Coffee",
        12.0,
    ),
    CategoryWords(
        "Backpacks",
        ("Backpack", "Rucksack", "Daypack", "Laptop Backpack"),
        ("20L", "Rolltop", "Padded", "Anti-Theft", "Commuter"),
        (
            "has padded shoulder straps and a chest belt",
            "swallows a laptop, a lunch box and a jacket",
            "opens all the way round with two zips",
            "has a rain cover in the bottom pocket",
        ),
        "Travel",
        45.0,
    ),
    CategoryWords(
        "Chairs",
        ("Dining Chair", "Chair", "Office Chair", "Accent Chair"),
        ("Upholstered", "Oak", "Ergonomic", "Stackable", "Swivel"),
        (
            "carries up to 120 kg on four solid legs",
            "has a seat height of 46 cm",
            "is put together in ten minutes with one key",
            "supports the back where it needs it",
        ),
        "Interior",
        90.0,
    ),
    CategoryWords(
        "Balls",
        ("Basketball", "Football", "Volleyball", "Training Ball"),
        ("Indoor", "Match", "Size 5", "Deep Channel", "Grippy"),
        (
            "bounces true on wood, asphalt and grass",
            "comes deflated, with a needle for the pump",
            "has a butyl bladder that holds its air for weeks",
            "is stitched from twelve panels",
        ),
        "Sports",
        22.0,
    ),
    CategoryWords(
        "T-Shirts",
        ("T-Shirt", "Tee", "Crew Neck Shirt", "Graphic Tee"),
        ("Cotton", "Short Sleeve", "Slim Fit", "Heavyweight", "Unisex"),
        (
            "is knitted from combed cotton of 180 g",
            "keeps its shape after fifty washes",
            "has a ribbed collar and double seams",
            "runs true to size and can be tumble dried",
        ),
        "Fashion",
        19.0,
    ),
)

#: Words that do not identify a category.
GENERIC = CategoryWords(
    "",
    ("Essential", "Gift Item", "Accessory", "Collection Piece", "Home Product"),
    ("Everyday", "Signature", "All-Purpose", "Limited", "Seasonal"),
    (
        "was chosen by our buyers for its quality and value",
        "makes a thoughtful gift for any occasion",
        "is part of this season's collection",
        "arrives ready to use, with a two year guarantee",
    ),
    "",
    0.0,
)

BRANDS = (
    *("Aldmoor", "Brisk & Vale", "Castellane", "Dunmere", "Elvaro", "Fernhill"),
    *("Hollis Lane", "Kestrel", "Lumora", "Maplewick", "Northfell", "Orrin"),
    *("Pinecroft", "Tidewell", "Wrenfield"),
)

ADJECTIVES = (
    *("Classic", "Compact", "Deluxe", "Lightweight", "Modern", "Original", "Premium"),
    *("Rustic", "Sturdy", "Vintage"),
)

SIZES = (
    *("Small", "Medium", "Large", "Set of 2", "Set of 4", "Pack of 3", "1 Count"),
    "New Edition",
)

CLOSINGS = (
    "Ships within two working days.",
    "Free returns for 30 days.",
    "Designed in Europe.",
    "Packed without plastic.",
    "A favourite of our customers.",
    "Colours may differ slightly from the photo.",  # language: ok
)

#: Colours by their name in the texts, as red, green and blue.
COLOURS = {
    "Black": (45, 45, 50),
    "Blue": (45, 95, 175),
    "Brown": (125, 80, 50),
    "Charcoal": (85, 88, 95),
    "Green": (55, 130, 75),
    "Mustard": (205, 155, 40),
    "Orange": (215, 110, 40),
    "Pink": (210, 110, 145),
    "Red": (185, 50, 50),
    "Teal": (30, 130, 135),
}
