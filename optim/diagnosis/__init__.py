"""Why a loss rose: what is measured at each step for that, and what follows from it."""
