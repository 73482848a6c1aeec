"""What is said of several runs: spread, ratios taken within a round, geometric means."""
import math
from statistics import quantiles


def spread(values):
    """The middle half: (first quartile, third quartile); with fewer than four values the least and the most."""
    if len(values) < 4:
        return min(values), max(values)
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def geometric_mean(values):
    """None for no values, or where one is not positive: a mean of ratios has no meaning there."""
    values = list(values)
    if not values or min(values) <= 0:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def paired_ratios(values, base):
    """Ratio of each round in which both ran. None stands for a run that failed."""
    return [value / other for value, other in zip(values, base) if value is not None and other is not None and other > 0]

