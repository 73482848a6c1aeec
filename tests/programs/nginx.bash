# nginx with TLS under wrk: no failed request, right contents, a reload on the way, a clean end.
. "$(dirname "$0")/stage.bash"
need nginx wrk openssl

address=$(own_address) port=8443
mkdir "$work/www" "$work/logs"
seq 1 30000 >"$work/www/numbers.txt"
head -c 3000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >"$work/www/large.bin"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 -subj /CN=localhost 2>/dev/null
cat >"$work/nginx.conf" <<CONF
user root;
daemon off;
worker_processes 2;
pid $work/nginx.pid;
error_log $work/logs/error.log;
events { worker_connections 512; }
http {
  access_log off;
  gzip on; gzip_types text/plain; types { text/plain txt; }
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  server {
    listen $address:$port ssl;
    ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;
    root $work/www;
    location /via/ { proxy_pass https://$address:$port/; }
  }
}
CONF
[ "$(id -u)" = 0 ] || sed -i '/^user/d' "$work/nginx.conf"
launch "$work/log" nginx -p "$work" -c "$work/nginx.conf" -e "$work/logs/error.log"
nginx=$!
fetch() {
  python3 -c 'import ssl, sys, urllib.request
context = ssl._create_unverified_context()
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1], context=context).read())' "https://$address:$port/$1"
}
until_true 600 fetch numbers.txt || { cat "$work/log" "$work/logs/error.log"; fail "did not start"; }

load() {  # load PATH HEADER...
  local path=$1; shift
  local served=0 requests
  until [ $served -gt 10 ]; do  # wrk counts seconds; how many requests they hold is the machine's affair
    wrk -t2 -c40 -d"$(amount 2 20)s" --timeout 600s "$@" "https://$address:$port/$path" >"$work/wrk" || fail "wrk"
    grep -Eq 'Non-2xx|Socket errors' "$work/wrk" && fail "$path: $(grep -E 'Non-2xx|Socket' "$work/wrk" | xargs)"
    requests=$(awk '/requests in/ {print $1}' "$work/wrk")
    served=$((served + requests))
  done
  total=$((${total:-0} + served))
}
load numbers.txt
load numbers.txt -H 'Accept-Encoding: gzip'
load large.bin
load via/numbers.txt -H 'Connection: close'
worker=$(pgrep -P $nginx | head -1)
proves_pid $nginx; proves_pid "$worker"

kill -HUP $nginx
until_true 600 gone "$worker" || fail "the old worker did not end after a reload"
load numbers.txt -H 'Connection: close'
cmp <(fetch numbers.txt) "$work/www/numbers.txt" || fail "wrong contents"
cmp <(fetch via/large.bin) "$work/www/large.bin" || fail "wrong contents through the proxy"
kill -QUIT $nginx; wait $nginx || fail "exit code $?"
grep -E 'alert|emerg|crit|signal' "$work/logs/error.log" && fail "its error log: $(grep -E 'alert|emerg|crit|signal' "$work/logs/error.log" | head -1)"
remark "$total requests over TLS"
