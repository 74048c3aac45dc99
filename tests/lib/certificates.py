"""Certificates for tests, made by openssl: an authority of their own and what it signs."""
from tests.lib.lab import run


class Authority:
    def __init__(self, lab, name="authority"):
        self.lab = lab
        self.key, self.certificate = lab.path(f"{name}.key"), lab.path(f"{name}.pem")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name, subject, days=2):
        """A certificate with its key in one file. Days below zero: it has expired. Returns its path."""
        key, request = self.lab.path(f"{name}.key"), self.lab.path(f"{name}.csr")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
        extensions = self.lab.write(f"{name}.ext", f"subjectAltName={subject}\n")
        signed = run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                     "-CAcreateserial", "-days", str(days), "-extfile", extensions).stdout
        with open(key, encoding="ascii") as file:
            return self.lab.write(f"{name}.pem", signed + file.read())
