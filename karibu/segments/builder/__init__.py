"""The segment builder: a definition as rows of plain controls, and what was posted as a definition again.

tree.py     Group and Row: what stands on the page, from a definition and back
posted.py   the same from a form's fields, and what its buttons ask for (add, take out)
rows/       one file for each kind of row: which conditions it shows, as which controls
controls.py what a control is
known.py    the values that are suggested, from this shop's data
draft.py    the form in one request: read, done as its buttons ask, and what its templates need
checked.py  what is wrong with which row
preview.py  how many and who, while one edits
"""
