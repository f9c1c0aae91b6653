"""The words of a scene: what its things are called, what one sees around them, and what it makes one feel.

Search words and keywords are as careless as people's: `records` leaves some out and puts wrong ones in.
"""

from __future__ import annotations

from emolib.emotions import MIKELS

EMOTION_WORDS: dict[str, tuple[str, ...]] = {
    "amusement": ("amusement", "funny", "playful", "humorous", "silly", "laughing"),
    "anger": ("anger", "angry", "furious", "rage", "hostile", "irritated"),
    "awe": ("awe", "amazing", "wonderful", "majestic", "impressive", "breathtaking"),
    "contentment": ("contentment", "calm", "peaceful", "relaxed", "satisfied", "serene"),
    "disgust": ("disgust", "disgusting", "gross", "nasty", "revolting", "sickening"),
    "excitement": ("excitement", "exciting", "thrilling", "energetic", "adventurous", "lively"),
    "fear": ("fear", "scary", "frightening", "horror", "terrifying", "creepy"),
    "sadness": ("sadness", "sad", "lonely", "mourning", "gloomy", "sorrowful"),
}
"""Words of emotion for each of Mikels' eight, its own name first; no word stands for two emotions."""

EACH = 6
ALL_EMOTION_WORDS = tuple(word for emotion in MIKELS for word in EMOTION_WORDS[emotion])
EMOTION_OF = {word: emotion for emotion, words in EMOTION_WORDS.items() for word in words}
"""The emotion that each of the 48 words stands for."""
