"""The tests, tested: small faults planted in the packages one at a time, each to be found."""
