"""Pictures turned into rows of numbers.

Chapter 2 uses most of it, chapter 1 the artistic ones, chapter 4 bags and levels.

``batch``    what every function here takes: a batch of decoded pictures, checked, and shared out over the cores
``focal``    what colours the eleven basic names stand for, and the table from RGB to them
``color``    22 numbers: mean RGB and HSV, fullest HSV bin, eleven colour names, pleasure-arousal-dominance
``texture``  GIST (512 numbers: which edges run where) and local binary patterns (59 numbers: fine texture)
``filters``  the filters of GIST, made once for a size of pictures
``low``      the two together: Kim et al.'s 593 low-level features, and a 438-number reading of them
``artistic`` four older systems of hand-made features: colour, texture, composition, principles of art (chapter 1)
``histograms`` 64 colours of the whole picture, or of each of its parts
``bags``     SIFT windows and the visual words that they are nearest to
``blocks``   blocks of a picture at several scales, each described by visual topics
``concepts`` scores of detectors of concepts, learned from pictures with keywords
``levels``   maps of a frozen network at four resolutions, for pyramids and side branches
``vectors``  word vectors, from a package or trained on keyword lists
``deep``     object probabilities and inner activations of pretrained networks
``scene``    what share of the picture each of 150 scene categories fills
``category`` how much of the object probabilities falls on each family of objects
``words``    norms of the words that describe a picture
``reading``  picture files decoded in threads, block by block
``cache``    rows on disk, found again by picture, network and settings

Nothing is imported here: take what you need, ``from emolib.features.low import low_features``.
"""
