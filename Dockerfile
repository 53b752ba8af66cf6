# The container of BitOps: it deploys the environment that BITOPS_ENVIRONMENT names,
# in the repository that is mounted at /opt/bitops_deployment.
#
#   docker build -t bitops .
#   docker run --rm -e BITOPS_ENVIRONMENT=test -v "$PWD:/opt/bitops_deployment" bitops
#
# It is made to stand in for the image of BitOps v2: Alpine, and the programs that
# hooks and the install.sh of plugins find there. It runs as root, because they call
# apk; -e BITOPS_USER= makes it run as the owner of the repository.
#
# A slim one has the tools and nothing for hooks, and runs as the owner:
#
#   docker build -t bitops:slim --target slim .
#
# Pick the tools that your repository needs; an empty version leaves one out:
#
#   docker build -t bitops --build-arg HELM_VERSION= --build-arg KUBECTL_VERSION= .
#
# Other commands: docker run ... --entrypoint bitops bitops plan -C /opt/bitops_deployment

FROM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /out/bitops ./cmd/bitops

# Every program comes from its vendor, and is compared with the vendor's checksum where there is one.
FROM alpine:3.21 AS programs
RUN apk add --no-cache bash ca-certificates curl unzip
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Docker names the architecture of the image as the vendors do: amd64, arm64.
ARG TARGETARCH=amd64
WORKDIR /download

ARG TERRAFORM_VERSION=1.11.4
RUN if [[ -n "$TERRAFORM_VERSION" ]]; then \
      from="https://releases.hashicorp.com/terraform/${TERRAFORM_VERSION}"; \
      zip="terraform_${TERRAFORM_VERSION}_linux_${TARGETARCH}.zip"; \
      curl -fsSLO "$from/$zip"; \
      curl -fsSL "$from/terraform_${TERRAFORM_VERSION}_SHA256SUMS" | grep "  $zip\$" | sha256sum -c -; \
      unzip -q "$zip" terraform -d /usr/local/bin; \
    fi

ARG HELM_VERSION=3.17.3
RUN if [[ -n "$HELM_VERSION" ]]; then \
      tar="helm-v${HELM_VERSION}-linux-${TARGETARCH}.tar.gz"; \
      curl -fsSLO "https://get.helm.sh/$tar"; \
      curl -fsSL "https://get.helm.sh/$tar.sha256sum" | sha256sum -c -; \
      tar -xzf "$tar" --strip-components=1 --no-same-owner -C /usr/local/bin "linux-${TARGETARCH}/helm"; \
    fi

ARG KUBECTL_VERSION=1.32.4
RUN if [[ -n "$KUBECTL_VERSION" ]]; then \
      from="https://dl.k8s.io/release/v${KUBECTL_VERSION}/bin/linux/${TARGETARCH}"; \
      curl -fsSLO "$from/kubectl"; \
      echo "$(curl -fsSL "$from/kubectl.sha256")  kubectl" | sha256sum -c -; \
      install -m 755 kubectl /usr/local/bin/kubectl; \
    fi

FROM alpine:3.21 AS slim
# What bitops itself and .docker/entry.sh call. PACKAGES names what else your hooks need, such as "jq python3".
ARG PACKAGES=
RUN apk add --no-cache bash ca-certificates coreutils git openssh-client musl-utils setpriv $PACKAGES

COPY --from=programs /usr/local/bin/ /usr/local/bin/
COPY --from=build /out/bitops /usr/local/bin/bitops
COPY .docker/entry.sh /usr/local/bin/bitops-entry

# Any user can be the one who runs it: see .docker/entry.sh.
RUN mkdir -m 1777 /home/bitops
ENV HOME=/home/bitops

ENTRYPOINT ["bitops-entry", "deploy"]

FROM slim
# The programs of the image of BitOps v2. ansible is the one with the community's collections; boto3 is for its modules.
RUN apk add --no-cache \
      ansible aws-cli curl jq openssh openssl py3-boto3 py3-pip python3 rsync sshpass sudo tar unzip wget \
 && ln -sf python3 /usr/bin/python
# Hooks of BitOps install what else they need with pip, into the system's Python as there.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 PYTHONUNBUFFERED=1
# Hooks of BitOps v1 read YAML with it.
RUN pip install --no-cache-dir shyaml
ENV BITOPS_USER=root

ENTRYPOINT ["bitops-entry", "deploy"]
