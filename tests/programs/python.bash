# python3: its own test suites, as packaged.
. "$(dirname "$0")/stage.bash"
python=/usr/bin/python3  # Debian's own: its packaged suites fit no other
need $python
$python -c 'import test.test_json' 2>/dev/null || { remark "libpython3.11-testsuite is not installed"; exit 77; }

proves $python -c 'print(sum(len(str(i) * (i % 50)) for i in range(300000)))' | grep -qx 41378005 || fail "a sum came out wrong"
suites=(test_json test_threading test_subprocess test_zlib)
[ "$PROGRAMS_SHORT" = 1 ] || suites+=(test_multiprocessing_fork test_multiprocessing_spawn test_ssl test_sqlite3 test_asyncio
  test_mmap test_thread test_dict test_list test_bytes test_pickle test_gc test_fork1 test_ctypes test_posix test_socket)
cd "$work"
# PYTHONMALLOC=malloc sends every object to the allocator under test, not only those above 512 bytes.
for pymalloc in pymalloc malloc; do
  [ "$PROGRAMS_SHORT$pymalloc" != 1malloc ] || suites=(test_json test_zlib)
  PYTHONMALLOC=$pymalloc under $python -m test -q -w --tempdir "$work" "${suites[@]}" >"$work/log" 2>&1
  grep -q '^Result: SUCCESS\|^Tests result: SUCCESS' "$work/log" || { tail -30 "$work/log"; fail "a suite failed, PYTHONMALLOC=$pymalloc"; }
done
remark "${#suites[@]} suites of its own"
