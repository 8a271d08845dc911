"""The few words that titles in other scripts are made of."""

from __future__ import annotations

from random import Random

_COLOURS = {
    "red": ("लाल", "أحمر", "红色"),
    "blue": ("नीला", "أزرق", "蓝色"),
    "green": ("हरा", "أخضر", "绿色"),
    "yellow": ("पीला", "أصفر", "黄色"),
    "orange": ("नारंगी", "برتقالي", "橙色"),
    "purple": ("बैंगनी", "بنفسجي", "紫色"),
    "pink": ("गुलाबी", "وردي", "粉色"),
    "brown": ("भूरा", "بني", "棕色"),
    "black": ("काला", "أسود", "黑色"),
    "white": ("सफ़ेद", "أبيض", "白色"),
    "grey": ("स्लेटी", "رمادي", "灰色"),
    "navy": ("गहरा नीला", "كحلي", "藏青色"),
    "teal": ("हरिनील", "أزرق مخضر", "青色"),
    "beige": ("बेज", "بيج", "米色"),
    "maroon": ("मैरून", "عنابي", "栗色"),
    "turquoise": ("फ़िरोज़ी", "فيروزي", "绿松石色"),
    "gold": ("सुनहरा", "ذهبي", "金色"),
    "silver": ("चाँदी का", "فضي", "银色"),
    "copper": ("ताँबे का", "نحاسي", "铜色"),
}
_GOODS = {
    "Watches": ("घड़ी", "ساعة", "手表"),
    "Computers": ("कंप्यूटर का सामान", "ملحقات كمبيوتر", "电脑配件"),
    "Kitchen & Dining": ("रसोई का सामान", "أدوات مطبخ", "厨房用品"),
    "Home Furnishing": ("घर के कपड़े", "مفروشات منزلية", "家纺"),
    "Baby Care": ("शिशु का सामान", "مستلزمات أطفال", "婴儿用品"),
    "Home Decor & Festive Needs": ("सजावट का सामान", "ديكور منزلي", "节日装饰"),
    "Beauty and Personal Care": ("सौंदर्य प्रसाधन", "مستحضرات تجميل", "美容护肤"),
}
_FRAMES = (("{colour} {goods} | मुफ़्त डिलीवरी", "{goods} {colour}"), ("{goods} {colour} - شحن مجاني", "{goods} {colour}"),
           ("【包邮】{colour}{goods} 高品质", "{colour}{goods}"))  # fmt: skip


def foreign_title(main: str, colour: str, title: str, rng: Random) -> str:
    """Return a title in Hindi, Arabic or Chinese, or the English one between emoji."""
    tongue = rng.randint(0, 3)
    if tongue == 3:
        return f"🔥🔥 {title} 🎁✨"
    frame = rng.choice(_FRAMES[tongue])
    return frame.format(colour=_COLOURS[colour][tongue], goods=_GOODS[main][tongue])
