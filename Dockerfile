# The container of BitOps: it deploys the environment that BITOPS_ENVIRONMENT names,
# in the repository that is mounted at /opt/bitops_deployment.
#
#   docker build -t bitops .
#   docker run --rm -e BITOPS_ENVIRONMENT=test -v "$PWD:/opt/bitops_deployment" bitops
#
# Pick the programs that your repository needs; an empty version or `no` leaves one out:
#
#   docker build -t bitops --build-arg HELM_VERSION= --build-arg KUBECTL_VERSION= --build-arg ANSIBLE=no .
#
# Other commands: docker run ... --entrypoint bitops bitops plan -C /opt/bitops_deployment

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /out/bitops ./cmd/bitops

# Every program comes from its vendor, and is compared with the vendor's checksum where there is one.
FROM debian:bookworm-slim AS programs
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl unzip
WORKDIR /download

ARG TERRAFORM_VERSION=1.11.4
RUN if [[ -n "$TERRAFORM_VERSION" ]]; then \
      from="https://releases.hashicorp.com/terraform/${TERRAFORM_VERSION}"; \
      zip="terraform_${TERRAFORM_VERSION}_linux_$(dpkg --print-architecture).zip"; \
      curl -fsSLO "$from/$zip"; \
      curl -fsSL "$from/terraform_${TERRAFORM_VERSION}_SHA256SUMS" | grep "  $zip\$" | sha256sum -c -; \
      unzip -q "$zip" terraform -d /usr/local/bin; \
    fi

ARG HELM_VERSION=3.17.3
RUN if [[ -n "$HELM_VERSION" ]]; then \
      tar="helm-v${HELM_VERSION}-linux-$(dpkg --print-architecture).tar.gz"; \
      curl -fsSLO "https://get.helm.sh/$tar"; \
      curl -fsSL "https://get.helm.sh/$tar.sha256sum" | sha256sum -c -; \
      tar -xzf "$tar" --strip-components=1 --no-same-owner -C /usr/local/bin --wildcards '*/helm'; \
    fi

ARG KUBECTL_VERSION=1.32.4
RUN if [[ -n "$KUBECTL_VERSION" ]]; then \
      from="https://dl.k8s.io/release/v${KUBECTL_VERSION}/bin/linux/$(dpkg --print-architecture)"; \
      curl -fsSLO "$from/kubectl"; \
      echo "$(curl -fsSL "$from/kubectl.sha256")  kubectl" | sha256sum -c -; \
      install -m 755 kubectl /usr/local/bin/kubectl; \
    fi

ARG AWS_CLI=yes
RUN if [[ "$AWS_CLI" == yes ]]; then \
      curl -fsSL -o aws.zip "https://awscli.amazonaws.com/awscli-exe-linux-$(uname -m).zip"; \
      unzip -q aws.zip; \
      ./aws/install; \
    fi

FROM debian:bookworm-slim
# Debian's ansible-core; `PACKAGES` names what else your hooks need, such as "jq python3".
ARG ANSIBLE=yes
ARG PACKAGES=
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git openssh-client $PACKAGES \
 && if [ "$ANSIBLE" = yes ]; then apt-get install -y --no-install-recommends ansible-core; fi \
 && rm -rf /var/lib/apt/lists/*

COPY --from=programs /usr/local/ /usr/local/
COPY --from=build /out/bitops /usr/local/bin/bitops
COPY .docker/entry.sh /usr/local/bin/bitops-entry

# Any user can be the one who runs it: see .docker/entry.sh.
RUN mkdir -m 1777 /home/bitops
ENV HOME=/home/bitops

ENTRYPOINT ["bitops-entry", "deploy"]
