# python3: its own test suites, as packaged.
. "$(dirname "$0")/stage.bash"
python=/usr/bin/python3  # Debian's own: its packaged suites fit no other
need $python
$python -c 'import test.test_json' 2>/dev/null || { remark "libpython3.11-testsuite is not installed"; exit 77; }

proves $python -c 'print(sum(len(str(i) * (i % 50)) for i in range(300000)))' | grep -qx 41378005 || fail "a sum came out wrong"
quick=(test_json test_zlib)
short=(test_threading test_subprocess)
long=(test_ssl test_mmap test_thread test_dict test_list test_bytes test_pickle test_gc test_fork1 test_ctypes test_posix test_socket)
slow=(test_multiprocessing_fork test_multiprocessing_spawn test_asyncio)
cd "$work" || exit
# Sockets of virtual machines: the suite waits for ever where the host does not answer, on any allocator.
passes() {
  PYTHONMALLOC=$1 under $python -m test -q -w --tempdir "$work" -i '*VSOCK*' "${@:2}" >"$work/log" 2>&1
  grep -q '^Result: SUCCESS\|^Tests result: SUCCESS' "$work/log" || { tail -30 "$work/log"; fail "a suite failed, PYTHONMALLOC=$1"; }
}
# PYTHONMALLOC=malloc sends every object to the allocator under test, not only those above 512 bytes.
if [ "$PROGRAMS_SHORT" = 1 ]; then
  passes pymalloc "${quick[@]}" "${short[@]}"
  passes malloc "${quick[@]}"
  remark "$((${#quick[@]} + ${#short[@]})) suites of its own"
else
  passes pymalloc "${quick[@]}" "${short[@]}" "${long[@]}"
  passes malloc "${quick[@]}" "${short[@]}" "${long[@]}" "${slow[@]}"
  remark "$((${#quick[@]} + ${#short[@]} + ${#long[@]} + ${#slow[@]})) suites of its own"
fi
