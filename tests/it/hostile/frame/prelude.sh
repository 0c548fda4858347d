respond() {
    id=${line##*\"id\":}; id=${id%%[,\}]*}
    printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"
}
next() { IFS= read -r line || exit 0; }
open() {
    next
    respond '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}'
    next
}
good='{"content":[{"type":"text","text":"3"}]}'
