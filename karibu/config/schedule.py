"""Every schedule, in one place: what runs when. Jobs are defined in the apps' `jobs.py`."""
