"""Sentences as sellers write them: titles and descriptions from a small grammar."""

from __future__ import annotations

from random import Random

from embedkit.demo.scene import Look

BRANDS = (
    "Elora", "Zenvik", "Marlo", "Kavya", "Northpine", "Solis", "Bluefern", "Ashwick", "Tarini", "Cresta", "Novaline",
    "Orchid Lane", "Peppertree", "Rivona", "Satori", "Umbra House", "Velmora", "Wrenfield", "Yashika", "Larkspur",
    "Dhara", "Ember & Oak", "Fabrino", "Glimmo", "Hearthly", "Indus", "Jovial", "Kestrel", "Lumera", "Mistral",
)  # fmt: skip
SELLERS = tuple(f"{name} {kind}" for kind in ("Retail", "Stores", "Traders", "Bazaar") for name in BRANDS[::3])
PATTERN_WORDS = {
    "plain": ("", "", "plain", "solid"),
    "striped": ("striped",),
    "dotted": ("dotted", "polka dot"),
    "checked": ("checked", "plaid"),
    "floral": ("floral", "flower print"),
    "zigzag": ("zigzag", "chevron"),
    "starry": ("star print", "starry"),
    "geometric": ("geometric", "abstract"),
}
_TITLES = (
    "{brand} {colour} {pattern} {noun}",
    "{colour} {pattern} {noun}",
    "{brand} {pattern} {material} {noun}, {colour}",
    "{colour} {material} {noun} {pattern}",
    "{brand} {material} {noun} ({colour} {pattern})",
    "{brand} {model} {colour} {pattern} {noun}",
)
_VAGUE_TITLES = (
    "{brand} {colour} {pattern} collection {model}",
    "{brand} {model} {colour} special edition",
    "Beautiful {colour} gift for home and family by {brand}",
    "{brand} {colour} {pattern} combo offer",
)
_OPENERS = (
    "Buy this {colour} {pattern} {noun} from {brand} at the best price.",
    "{brand} presents a {noun} in {colour} that you will love.",
    "This {pattern} {noun} is made of {material} and comes in {colour}.",
    "A {colour} {noun} for every day, designed by {brand}.",
)
_SHARED = (
    "Premium quality at an affordable price.",
    "An ideal gift for birthdays, weddings and festivals.",
    "Free shipping within India, delivered in 4 to 7 days.",
    "Comes with a 6 month warranty against manufacturing defects.",
    "30 day replacement guarantee and cash on delivery.",
    "Buy genuine products from {brand} online with secure payment.",
    "The colour may differ slightly from the picture because of lighting.",
    "Elegant design that suits every home and every occasion.",
    "Light, durable and easy to clean.",
    "Packed with care so that it reaches you safe and sound.",
    "Rated highly by thousands of happy customers.",
    "For men, women and children of all ages.",
    "Please read the size and material details before you order.",
)
_ASIDES = (
    "Goes well with your {other}.",
    "Customers who bought this also bought a {other}.",
    "Not a {other}, but as useful.",
    "Our shop also sells {other} and more.",
)


def spoken(look: Look, rng: Random) -> dict[str, str]:
    """Return the words that titles and descriptions of this product are filled with."""
    return {
        "brand": rng.choice(BRANDS),
        "colour": look.colour,
        "pattern": rng.choice(PATTERN_WORDS[look.pattern]),
        "noun": rng.choice(look.kind.nouns),
        "material": rng.choice(look.kind.materials),
        "model": f"{rng.choice('ABCDEFGHKLMNPRSTVWXZ')}{rng.choice('ABCDEFGHKLMNPRSTVWXZ')}-{rng.randint(10, 9999)}",
    }


def title(look: Look, words: dict[str, str], rng: Random) -> str:
    """Return a title that names the colour, nearly always the product, and the pattern where there is one."""
    forms = _VAGUE_TITLES if rng.random() < 0.06 else _TITLES
    text = _tidy(rng.choice(forms).format(**words))
    if look.copies > 1:
        text += rng.choice((f" (Pack of {look.copies})", f", Set of {look.copies}"))
    words_up = [word[0].upper() + word[1:] for word in text.split()]
    return " ".join(words_up) if rng.random() < 0.5 else text[0].upper() + text[1:]


def description(look: Look, words: dict[str, str], other: str, rng: Random) -> str:
    """Return one sentence or a dozen; `other` is a product of another category that may be mentioned."""
    wordy = rng.random()
    own = [] if rng.random() < 0.15 else [rng.choice(_OPENERS), *(_sentence(fact) for fact in look.kind.facts)]
    shared = rng.sample(_SHARED, rng.randint(1, 4) if wordy < 0.7 else rng.randint(7, 11))
    if rng.random() < 0.25:
        shared.append(rng.choice(_ASIDES))
    if wordy < 0.1:
        own, shared = own[:2], shared[:1]
    elif wordy > 0.7 and own:
        shared.append(
            "Specifications: Brand {brand}, Model {model}, Colour {colour}, Material {material}, Type {noun}."
        )
    body = own + shared
    if rng.random() < 0.3:
        rng.shuffle(body)
    return _tidy(" ".join(body).format(other=other, **words))


def marked_up(text: str, rng: Random) -> str:
    """Return the description as a careless export leaves it: tags, entities, a style attribute."""
    head, _, rest = text.partition(". ")
    items = "".join(f"<li>{part}</li>" for part in rest.split(". ") if part)
    style = rng.choice(("color:#333", "font-size:12px", "margin:0 auto"))
    return f'<div style="{style}"><b>{head}.</b><br/>&nbsp;&bull; Quality &amp; service<ul>{items}</ul></div>'


def _sentence(fact: str) -> str:
    return f"{fact[0].upper()}{fact[1:]}."


def _tidy(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(").replace(" )", ")").replace(" ,", ",")
