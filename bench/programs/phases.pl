# Phases of a text-processing program: hashes of strings and lists, sorted, joined, thinned out.   phases.pl ROUNDS
use strict;
use warnings;

my $rounds = shift // 1;
srand(42);
my (%kept, $total);
for my $round (1 .. $rounds) {
  my %index;
  for my $line (1 .. 60_000) {
    my @words = map { "w" . int(rand(5000)) . ("y" x int(rand(20))) } 1 .. 5;
    push @{ $index{ $words[0] } }, join(" ", @words);
  }
  for my $word (sort keys %index) {
    my $text = join("\n", @{ $index{$word} });
    $text =~ s/w(\d+)/<$1>/g;
    $total += length $text;
    $kept{"$round $word"} = $text if rand() < 0.1;
  }
  for my $key (keys %kept) { delete $kept{$key} if rand() < 0.6 }
}
print $total, " ", scalar(keys %kept), "\n";
