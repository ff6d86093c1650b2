include "root" {
