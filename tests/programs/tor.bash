# tor: checks a configuration, makes keys, and runs offline as an onion service, with and without the system-call sandbox.
. "$(dirname "$0")/stage.bash"
need tor

proves tor --quiet --hash-password sesame >"$work/hash" || fail "--hash-password"
grep -q '^16:[0-9A-F]\{58\}$' "$work/hash" || fail "--hash-password printed no hash"

ask() {  # ask SOCKET LINE...: speaks the control protocol, prints the answers
  python3 - "$@" <<'PYTHON'
import socket, sys
with socket.socket(socket.AF_UNIX) as control:
    control.settimeout(600)
    control.connect(sys.argv[1])
    for line in sys.argv[2:]:
        control.sendall(line.encode() + b"\r\n")
    control.sendall(b"QUIT\r\n")
    answer = b""
    while part := control.recv(65536):
        answer += part
print(answer.decode())
PYTHON
}

onions=$(amount 100 2000)
for sandbox in 0 1; do
  home=$work/tor$sandbox
  mkdir -m 700 "$home" "$home/onion"
  cat >"$home/torrc" <<TORRC
DataDirectory $home
ControlSocket $home/control
CookieAuthentication 0
SocksPort 0
DisableNetwork 1
Sandbox $sandbox
HiddenServiceDir $home/onion
HiddenServicePort 80 127.0.0.1:80
Log notice stdout
TORRC
  under tor -f "$home/torrc" --verify-config >"$home/log" || fail "--verify-config with Sandbox $sandbox"
  grep -q 'Configuration was valid' "$home/log" || fail "--verify-config did not call it valid"

  launch "$home/log" tor -f "$home/torrc"
  tor=$!
  until_true 600 test -S "$home/control" -a -s "$home/onion/hostname" || { cat "$home/log"; fail "did not start, Sandbox $sandbox"; }
  grep -Eq '^[a-z2-7]{56}\.onion$' "$home/onion/hostname" || fail "wrote no onion address"
  proves_pid $tor
  # Onion services made over the control port need no file and no network; each must have an address of its own.
  requests=(AUTHENTICATE)
  for ((i = 0; i < onions; ++i)); do requests+=("ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=80" "GETINFO config/names"); done
  ask "$home/control" "${requests[@]}" >"$home/answers" || fail "the control port gave up, Sandbox $sandbox"
  [ "$(grep '^250-ServiceID=' "$home/answers" | sort -u | wc -l)" = "$onions" ] || fail "made too few onion services, Sandbox $sandbox"
  ask "$home/control" AUTHENTICATE "SIGNAL DUMP" "SIGNAL CLEARDNSCACHE" >/dev/null || fail "the control port gave up later, Sandbox $sandbox"
  # Not by SIGTERM: pthread_create cannot block signals inside the sandbox, and leaves tor with a mask of stack garbage.
  ask "$home/control" AUTHENTICATE "SIGNAL SHUTDOWN" >/dev/null
  wait $tor || fail "exit code $? with Sandbox $sandbox"
  grep -Eq '\[(err|warn)\].*(Caught signal|assert|Bug)' "$home/log" && fail "complained: $(grep -E 'Caught|assert|Bug' "$home/log" | head -1)"
done
remark "$onions onion services offline, with and without Sandbox"
