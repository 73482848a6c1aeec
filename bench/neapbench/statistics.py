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


def slope(points):
    """(median, low, high) of the rise of y over x, from (x, y) pairs: the median over all pairs of points (Theil, Sen) with the interval that
    Kendall's test gives for 95%, as tool/verdict/growth has it. None for fewer than three points."""
    slopes = sorted((y - b) / (x - a) for i, (a, b) in enumerate(points) for x, y in points[i + 1:] if x > a)
    if len(points) < 3 or not slopes:
        return None
    n, pairs = len(points), len(slopes)
    spread = 1.96 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    at = lambda rank: slopes[int(min(max(rank, 0), pairs - 1))]  # noqa: E731
    return (at((pairs - 1) / 2) + at(pairs / 2)) / 2, at((pairs - spread) / 2 - 1), at((pairs + spread) / 2)
