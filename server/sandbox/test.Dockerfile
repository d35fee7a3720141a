# Images for the tests of the provider `docker`, each a target: what a session needs, a shell without git, and nothing.
ARG BASE=debian:12-slim

FROM ${BASE} AS debian
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends busybox-static ca-certificates git procps \
 && rm -rf /var/lib/apt/lists/*

FROM scratch AS busybox
COPY --from=debian /bin/busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]

FROM scratch AS empty
COPY --from=debian /etc/debian_version /debian_version
