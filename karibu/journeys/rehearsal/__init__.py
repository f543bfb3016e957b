"""A journey told over the past: who would have entered, by which ways, with which messages. Nothing is sent or changed.

past.py     reads the log: the events that the journey listens to, apart by people who have nothing to do with others
apart.py    empty tables of the journeys' own names, on one connection, where nothing else can be written
rounds.py   stages and engine, the same as live, on each person's own clock
asked.py    what steps ask of the past: who met a condition then, and what the gate would have said
tally.py    what came of it, in numbers
run.py      the whole, with progress, as a job
"""
