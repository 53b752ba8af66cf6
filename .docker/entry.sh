#!/bin/sh
# Runs bitops as whoever the mounted repository belongs to, so that nothing in it
# ends up owned by root, and no hook runs as root without need. Started as another
# user (docker run --user), it stays that user. With BITOPS_USER=root, as in the image
# that stands in for that of BitOps, root stays root: hooks there install packages.
set -eu

repository=/opt/bitops_deployment
if [ "${BITOPS_USER:-}" != root ] && [ "$(id -u)" = 0 ] && [ -d "$repository" ]; then
	owner=$(stat -c %u "$repository")
	group=$(stat -c %g "$repository")
	if [ "$owner" != 0 ]; then
		# ssh and ansible refuse to work for a user without a name.
		if ! getent passwd "$owner" >/dev/null; then
			echo "bitops:x:$owner:$group::$HOME:/bin/bash" >>/etc/passwd
		fi
		exec setpriv --reuid "$owner" --regid "$group" --clear-groups bitops "$@"
	fi
fi
exec bitops "$@"
