# fathom tcplife shows a known number of sessions with the bytes that they moved, from both ends, and nothing that its filters do not let through.
. "$TESTS/functions"
sessions=13
ifconfig lo 127.0.0.1 up
head -c 30000 /dev/zero >data
# The server has nothing to say, but does not say so: it would close its side.
mkfifo silence
exec 3<>silence

# sessions OPTION...: runs the tool while clients send data to a server.
run() {
    trace 'LPORT\|Counting' fathom tcplife "$@" || { not_ok "tcplife $*" "$(tr '\n' ' ' <err)"; return 1; }
    i=0
    while [ $i -lt $sessions ]; do
        nc -l -p 7531 <silence >/dev/null &
        server=$!
        until nc 127.0.0.1 7531 <data 2>/dev/null; do usleep 20000; done
        wait $server
        i=$((i + 1))
    done
    kill -INT $tool
    wait $tool
}

# check NAME CLIENTS SERVERS OPTION...: how many rows each end has, and what is not whole.
check() {
    name="tcplife $1" clients=$2 servers=$3
    shift 3
    run "$@" && equal "$name" "$clients clients, $servers servers" "$(awk '
        $6 == 7531 && $7 == 29 {clients++}
        $4 == 7531 && $8 == 29 {servers++}
        END {print clients + 0 " clients, " servers + 0 " servers"}' out)"
}

check 'both ends' $sessions $sessions
check 'one end' 0 $sessions -L 7531
check 'another port' 0 0 -D 7532

# Counted in place of shown: clients by the port that they ask for.
run --by rport,tx_bytes && equal 'tcplife counts' $sessions "$(awk '$2 == 7531 && $3 == 29 {print $1}' out)"
