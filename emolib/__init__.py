"""Visual emotion recognition, rebuilt from its papers: the library behind the book *Emotional Machines*.

A module imports only from its left::

    emotions -> corpora -> backbones -> features -> models -> training -> evaluation -> figures -> claims -> course
    -> runner, site
"""

__version__ = "0.1.0"
