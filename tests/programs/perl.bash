# perl: hashes, strings that grow, regular expressions, sorting, forks; the same output as on plain libc.
. "$(dirname "$0")/stage.bash"
need perl
cat >"$work/work.pl" <<'PERL'
use strict; use warnings;
my ($rounds) = @ARGV;
my ($state, %words, @lists) = (12345);
sub draw { $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % shift }
for my $round (1 .. $rounds) {
  for (1 .. 60000) {
    my $word = join '', map { chr(97 + draw(26)) } 1 .. 1 + draw(6);
    push @{$words{$word}}, $round;
  }
  my $text = join ' ', sort keys %words;
  my $count = () = $text =~ /\b(\w*(?:ab|ba)\w*)\b/g;
  $text =~ s/([aeiou])/<$1>/g;
  push @lists, [split / /, substr($text, 0, 100000)];
  shift @lists if @lists > 5;
  delete @words{grep { length == 6 && draw(3) } sort keys %words};
  printf "%d %d %d %d\n", $round, scalar(keys %words), $count, length $text;
}
for my $child (1 .. 20) {
  my $pid = fork // die; if (!$pid) { my %copy = %words; undef %words; exit(keys(%copy) % 100) }
  waitpid $pid, 0; printf "child %d\n", $? >> 8;
}
PERL
same work env PERL_HASH_SEED=1 PERL_PERTURB_KEYS=0 perl "$work/work.pl" "$(amount 3 12)"
remark "$(wc -l <"$work/work.under") lines as on libc"
