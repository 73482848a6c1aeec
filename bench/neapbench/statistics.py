"""What is said of several runs: medians, spread, ratios taken within a round, geometric means."""
import math


def quantile(values, share):
    """Linear between the order statistics, as most tools do (type 7)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values):
    return quantile(values, 0.5)


def spread(values):
    """The middle half: (first quartile, third quartile); with fewer than four values the least and the most."""
    if len(values) < 4:
        return min(values), max(values)
    return quantile(values, 0.25), quantile(values, 0.75)


def geometric_mean(values):
    """None for no values, or where one is not positive: a mean of ratios has no meaning there."""
    values = list(values)
    if not values or min(values) <= 0:
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def paired_ratios(values, base):
    """Ratio of each round in which both ran. None stands for a run that failed."""
    return [value / other for value, other in zip(values, base) if value is not None and other is not None and other > 0]
