"""Fine-tunes Hugging Face encoders for sequence classification inside an Apus training pod.

Reading order: ``contract`` (where things are in the pod), ``hyperparameters`` (what a job may ask for), ``job``
(the whole training run from top to bottom); then ``tables``, ``columns`` and ``dataset`` (data in), ``models`` and
``lstm`` (what is trained), ``training`` and ``checkpoint`` (how), ``evaluation``, ``reference``, ``plots``, ``card``
and ``bundle`` (what comes out).

Nothing here imports torch or transformers before the data and the hyperparameters have been checked: a job with a
misspelt column should fail in well under a second.
"""

__version__ = "0.1.0"
