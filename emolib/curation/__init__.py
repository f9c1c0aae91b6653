"""How a data set is cleaned before anybody trains on it: duplicates, and what people answered. Chapters 1 and 5.

``hashing`` reads pictures into thumbnails and perceptual hashes; ``matching`` (with ``bands``) finds all hashes within
a Hamming distance; ``views`` (with ``alignment``) finds pictures that show a part of one another; ``duplicates`` makes
groups of them and says which pictures stay; ``votes`` turns answers of workers into labels; ``verify`` searches a
whole corpus for broken pictures and copies; ``keywords`` (with ``keywordtable``, ``keywordfiles``, ``keywordstats``)
ranks, cuts and counts the keywords of any number of pictures. You et al. 2016 drop pictures found under several
emotions, remove duplicates and have the rest verified by five workers each; Wei et al. 2020 remove near-duplicates by
perceptual hashes.
"""
