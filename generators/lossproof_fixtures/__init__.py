"""Makes the lossproof fixtures.

Data flow in one direction:

    cases (what is asked) -> reference (what torch returned) -> oracle (what is exact)
    -> tolerances (how far a result may be) -> writer (NPY, JSON, manifest)
"""

FIXTURES_VERSION = "2.1.0"
