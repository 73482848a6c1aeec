# PHP, whose extensions are opened with RTLD_DEEPBIND: the command, also with every object from malloc, and php-fpm
# behind nginx with a reload on the way.
. "$(dirname "$0")/stage.bash"
need php8.2 php-fpm8.2 nginx wrk

cat >"$work/work.php" <<'PHP'
<?php
$rounds = (int)($argv[1] ?? $_GET['rounds'] ?? 3);
mt_srand(7);
for ($round = 0; $round < $rounds; ++$round) {
  $words = [];
  for ($i = 0; $i < 20000; ++$i) $words[md5((string)mt_rand())] = str_repeat(chr(97 + $i % 26), mt_rand(1, 400));
  ksort($words);
  $text = json_encode($words);
  $copy = json_decode($text, true);
  $upper = preg_replace_callback('/a+/', fn($found) => strtoupper($found[0]), implode(' ', $copy));
  $pairs = new SplObjectStorage();
  for ($i = 0; $i < 5000; ++$i) {
    $left = new stdClass(); $right = new stdClass();
    $left->other = $right; $right->other = $left;
    $pairs[$left] = $i;
  }
  $wide = iconv('UTF-8', 'UTF-16LE', $upper);
  echo count($pairs), ' ', strlen($text), ' ', md5($upper), ' ', md5($wide), ' ', ctype_alpha('abc') ? 1 : 0, "\n";
  unset($pairs, $left, $right);
  gc_collect_cycles();
}
PHP
same one php8.2 -r 'echo 7;'
same modules php8.2 -m
same command php8.2 "$work/work.php" "$(amount 3 30)"
same from-malloc env USE_ZEND_ALLOC=0 php8.2 "$work/work.php" "$(amount 2 20)"

address=$(own_address) port=8080
user=$(id -un)
cat >"$work/fpm.conf" <<CONF
[global]
error_log = $work/fpm.log
daemonize = no
[www]
user = $user
listen = $work/fpm.socket
pm = static
pm.max_children = 3
pm.max_requests = 200
CONF
cat >"$work/nginx.conf" <<CONF
$([ "$user" != root ] || echo "user root;")
daemon off;
pid $work/nginx.pid;
error_log $work/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  server {
    listen $address:$port;
    location / {
      fastcgi_pass unix:$work/fpm.socket;
      fastcgi_param SCRIPT_FILENAME $work/work.php;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param REQUEST_METHOD GET;
    }
  }
}
CONF
as_root=(); [ "$user" != root ] || as_root=(-R)
launch "$work/log" php-fpm8.2 -n "${as_root[@]}" -d extension=iconv -d extension=ctype -y "$work/fpm.conf"
fpm=$!
nginx -p "$work" -c "$work/nginx.conf" -e "$work/error.log" &
launched+=($!)
fetch() { python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' "http://$address:$port/?rounds=$1"; }
until_true 600 fetch 1 || { cat "$work/log" "$work/fpm.log"; fail "php-fpm did not start"; }
proves_pid $fpm; proves_pid "$(pgrep -P $fpm | head -1)"

load() {
  wrk -t2 -c6 -d"$(amount 2 20)s" --timeout 600s "http://$address:$port/?rounds=0" >"$work/wrk" || fail "wrk"
  grep -Eq 'Non-2xx|Socket errors' "$work/wrk" && fail "$(grep -E 'Non-2xx|Socket' "$work/wrk" | xargs)"
  total=$((${total:-0} + $(awk '/requests in/ {print $1}' "$work/wrk")))
}
answers() { cmp <(fetch 3) <(php8.2 "$work/work.php" 3) || fail "php-fpm's answer differs from that on plain libc"; }
answers; load
worker=$(pgrep -P $fpm | head -1)
kill -USR2 $fpm
until_true 600 gone "$worker" || fail "the old worker did not end after a reload"
until_true 600 fetch 1 || fail "did not come back after a reload"
answers; load
kill -QUIT $fpm; wait $fpm || fail "exit code $?"
grep -E 'ALERT|ERROR|SIG(SEGV|ABRT|BUS)' "$work/fpm.log" && fail "its log: $(grep -E 'ALERT|ERROR|SIG' "$work/fpm.log" | head -1)"
remark "$total requests answered by php-fpm"
