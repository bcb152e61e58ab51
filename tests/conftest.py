"""How hard hypothesis looks, by HYPOTHESIS_PROFILE: `default`, or `long` for `make test-long`.

A test that needs fewer or more examples scales `settings.default.max_examples`, so that the
profile still decides: a number of its own would hold in both.
"""

import os

from hypothesis import HealthCheck, settings

# The same inputs on every run and every machine.
settings.register_profile(
    "default", max_examples=50, derandomize=True, deadline=None, print_blob=True
)
# New inputs on every run; those that fail are kept in .hypothesis and tried first next time.
settings.register_profile(
    "long",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
