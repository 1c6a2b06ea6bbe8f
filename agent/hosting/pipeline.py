"""The pipeline of a registry's project at GitLab: what a merge request changes is verified before it is merged."""

GITLAB_CI = """\
# Written by Kowal, once; it is yours from then on. docs/gitlab-registry.md says what may be changed.
variables:
  KOWAL_IMAGE: "python:3.12"

verify:
  image: $KOWAL_IMAGE
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0"
  before_script:
    - pip install --quiet kowal
  script:
    - git fetch --quiet origin "+refs/heads/*:refs/remotes/origin/*" "+refs/tags/*:refs/tags/*"
    - kowal verify --changed-since "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
"""
"""It needs all of the history (`GIT_DEPTH`), and the branches and tags that tell which version stands where."""
