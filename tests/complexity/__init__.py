"""Go made to be hard: each kind of program at three sizes, and what an analysis of it costs. ``python -m complexity`` measures all."""
