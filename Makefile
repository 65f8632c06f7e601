# Front door. Everything is built by Meson and Ninja in build/; the targets here install
# what is missing (Debian packages of packaging/packages.txt) and then call them.
BUILD ?= build
