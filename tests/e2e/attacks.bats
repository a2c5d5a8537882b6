load ../helper

@test "whatever strangers try gets its answer, and the hub goes on, no larger" {
	cd "$BATS_TEST_TMPDIR"
	dnc-token keygen -o key >kid
	start_hub --keys=key.pub
	local before after said
	before=$(awk '/VmRSS/ {print $2}' "/proc/$HUB/status")
	said=$(timeout 150 /usr/bin/python3 "$BATS_TEST_DIRNAME/attacks.py" "$ADDRESS" "$(dnc-token mint -k key --sub=x --role=operator)")
	echo "$said"
	[ "$said" = ok ]
	after=$(awk '/VmRSS/ {print $2}' "/proc/$HUB/status")
	echo "resident: $before KiB, then $after KiB"
	[ $((after - before)) -lt 8192 ] || [[ "$BIN" == *asan* ]]
	kill -0 "$HUB"
}

@test "10,000 wrong tokens in a minute: the log of the hub and its memory stay small, guests are served" {
	cd "$BATS_TEST_TMPDIR"
	dnc-token keygen -o key >kid
	start_hub --keys=key.pub
	local token before after
	token=$(dnc-token mint -k key --sub=x --role=admin)
	before=$(awk '/VmRSS/ {print $2}' "/proc/$HUB/status")
	yes "url = \"http://$ADDRESS/api/v1/info\"
	output = /dev/null" | head -20000 >urls
	curl -s -H 'Authorization: Bearer a.b.c' -w '%{http_code}\n' -K urls >codes
	[ "$(wc -l <codes)" = 10000 ]
	[ "$(sort -u codes | tr '\n' ' ')" = '401 429 ' ]
	[ "$(grep -c 401 codes)" -lt 60 ]
	[ "$(grep -c 'token from .* rejected' hub.err)" -lt 60 ]
	after=$(awk '/VmRSS/ {print $2}' "/proc/$HUB/status")
	[ $((after - before)) -lt 4096 ] || [[ "$BIN" == *asan* ]]
	[ "$(curl -s -o body -w '%{http_code}' --interface 127.0.0.9 -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 200 ]
}
