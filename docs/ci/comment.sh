#!/usr/bin/env bash
# Keeps one comment on a pull request of GitHub, or one note on a merge request of GitLab: writes it the first time, and
# replaces its text later. Copy this file to .ci/comment.sh, next to the pipeline. It needs curl and jq.
#
#   comment.sh NAME FILE NUMBER
#
# NAME tells the comments of one request apart, such as plan and apply. FILE is the text in Markdown. NUMBER is that of the request.
# GitHub wants GH_TOKEN, which may write pull requests; GitLab wants BITOPS_COMMENT_TOKEN with the scope api.
set -euo pipefail
name=$1 file=$2 number=$3
marker="<!-- bitops:$name -->" # it is not shown

# call <arguments of curl...> speaks to the API. The token is no argument: those can be seen by all who use the machine.
call() {
  curl --fail --silent --show-error --header @<(printf '%s\n' "$authorization") "$@"
}

if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  authorization="Authorization: Bearer $GH_TOKEN"
  comments="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/$number/comments"
  comment="$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/comments"
  replace=PATCH mine='.user.login == "github-actions[bot]"'
else
  authorization="PRIVATE-TOKEN: $BITOPS_COMMENT_TOKEN"
  comments="$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$number/notes"
  comment=$comments
  replace=PUT mine=".author.id == $(call "$CI_API_V4_URL/user" | jq .id)"
fi

id=
for ((page = 1; ; page++)); do
  some=$(call "$comments?per_page=100&page=$page")
  id=$(jq --arg marker "$marker" "[.[] | select($mine and (.body | startswith(\$marker)))][0].id // empty" <<<"$some")
  if [[ -n $id || $(jq length <<<"$some") -lt 100 ]]; then
    break
  fi
done

{ printf '%s\n' "$marker" && cat "$file"; } | jq --raw-input --slurp '{body: .}' |
  if [[ -n $id ]]; then
    call --request "$replace" --header 'Content-Type: application/json' --data-binary @- "$comment/$id" >/dev/null
  else
    call --request POST --header 'Content-Type: application/json' --data-binary @- "$comments" >/dev/null
  fi
