"""The papers' networks, one module each.

`ffnn`: Kim 2017's feed-forward network on features. `cnn`: a pretrained network with a new end (Kim 2017, Table IV).
`tuned`: the same start, tuned the way it is done today. `resnet` and `fractal`: from scratch, on small pictures
(Jacobson 2019). `detector` and `regional`: a detector of emotional regions and a classifier that reads them; `side`,
`recurrent` and `instances`: their rivals, side branches, a recurrent network over levels, multiple-instance learning
(Rao 2019). `text` and `emotionnet`: from keywords and pictures to emotional keywords (Wei 2020).
"""
