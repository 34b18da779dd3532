#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A template that is fetched over HTTP and HTTPS, by range requests: what is hydrated is exact, and it is
# really asked for in parallel.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
PATH=$PATH:/usr/sbin
requires virt-stream qemu-img nginx openssl

# start_nginx: an ordinary process of ours, which serves $dir on two ports that are free
start_nginx() {
  read -r http https < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in sockets))')
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2> /dev/null
  cat > "$dir/nginx.conf" << CONF
daemon off;
master_process off;
pid $dir/nginx.pid;
error_log stderr;
events {}
http {
  access_log $dir/access.log;
  client_body_temp_path $dir/nginx; proxy_temp_path $dir/nginx; fastcgi_temp_path $dir/nginx;
  uwsgi_temp_path $dir/nginx; scgi_temp_path $dir/nginx;
  server {
    listen 127.0.0.1:$http;
    listen 127.0.0.1:$https ssl;
    ssl_certificate $dir/cert.pem;
    ssl_certificate_key $dir/key.pem;
    root $dir;
  }
}
CONF
  start_process nginx nginx -c "$dir/nginx.conf" -e stderr
  wait_until 30 serves
}

serves() {
  python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", sys.argv[1]))' "$https"
}

# hydrate_from URL [OPTION]: of QEMU's curl driver
hydrate_from() {
  echo "$1"
  : > "$dir/access.log"
  make_overlay "$dir/guest.qcow2" \
    'json:{"driver": "raw", "file": {"driver": "'"${1%%:*}"'", "url": "'"$1"'"'"${2:+, $2}"'}}'
  start_guest guest "$dir/guest.qcow2"
  hydrate guest
  virsh -q undefine guest
  assert_eq "$(backing_file "$dir/guest.qcow2")" ""
  image_is_sound "$dir/guest.qcow2" "$dir/template.raw"
  assert_match "$dir/access.log" '"GET /template.raw HTTP/1.1" 206'
  rm "$dir/guest.qcow2"
}

make_template "$dir/template.raw" 48 half
start_nginx
start_libvirtd
start_daemon
hydrate_from "http://127.0.0.1:$http/template.raw"
hydrate_from "https://127.0.0.1:$https/template.raw" '"sslverify": "off"'
stop_daemon
