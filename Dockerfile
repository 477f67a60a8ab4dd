# The program in an image of its own: nothing else is in it, no shell, no libc.
# compose.yaml starts three instances of it; `docker build -t restaurant .` builds
# it alone.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# As `make build` does. Statically linked, since there is no libc to link with.
RUN CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags '-s -w' -o /out/restaurant . && \
    mkdir -m 700 /out/data

# No root certificates: the program connects to nothing but its database. To verify
# that over TLS, mount its certificate and name it in
# RESTAURANT_DATABASE_URL (sslmode=verify-full&sslrootcert=/path).
FROM scratch
COPY --from=build /out/restaurant /restaurant
# The user is a number, because there is no list of names. A new volume takes its
# owner from here.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
# Inside a container every address is one that is not loopback, so a proxy with
# TLS must be in front, or TLS be on; see docs/https.md.
ENV RESTAURANT_ADDR=0.0.0.0:8080 RESTAURANT_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 CMD ["/restaurant", "health"]
ENTRYPOINT ["/restaurant"]
CMD ["serve"]
