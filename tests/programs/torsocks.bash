# torsocks: its library stands in front of system calls that an allocator makes too, and allocates in them.
. "$(dirname "$0")/stage.bash"
need torsocks perl python3
count=$(amount 60000 600000)
strings='my @all; push @all, "x" . $_ for 1 .. shift; my $long = ""; $long .= "abcdefgh" x 1000 for 1 .. 3000; print length($long) + @all'
threads='
import sys, threading
def work():
    for i in range(int(sys.argv[1]) // 10): str(i) * 9
workers = [threading.Thread(target=work) for _ in range(4)]
for worker in workers: worker.start()
for worker in workers: worker.join()
print(bytes(bytearray(1 << 22))[:2])'
same strings torsocks perl -e "$strings" "$count"
same threads torsocks python3 -c "$threads" "$count"
same files torsocks bash -c 'for i in {1..50}; do echo "$i" | cat; done'
remark "$count strings"
