"""The fixtures stand in karibu/config/testing.py, where the tests of every app find them too."""

from karibu.config.testing import missing as missing
