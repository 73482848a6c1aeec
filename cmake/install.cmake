# Installation: the library into lib/<multiarch>, its header, a pkg-config file and a CMake package.
#   find_package(neap)  gives neap::neap (shared) and neap::neap_static
#   pkg-config neap     gives the same shared library
include(CMakePackageConfigHelpers)
set(neap_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/neap)

set_target_properties(neap_shared PROPERTIES EXPORT_NAME neap)
install(TARGETS neap_shared neap_static EXPORT neap
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/neap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT neap NAMESPACE neap:: DESTINATION ${neap_cmake_dir} FILE neapConfig.cmake)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/neapConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/neapConfigVersion.cmake DESTINATION ${neap_cmake_dir})

configure_file(${PROJECT_SOURCE_DIR}/cmake/neap.pc.in ${PROJECT_BINARY_DIR}/neap.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/neap.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
